"""What is observed: records of requests, timelines, and what they advise. Pure, like core; it decides nothing."""
