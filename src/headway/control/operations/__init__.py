"""What can be asked of control: each checks, changes what is desired, has that stored, and wakes who must act."""
