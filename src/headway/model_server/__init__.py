"""One replica: a process that loads a Truss and runs its stages behind the predict gate."""
