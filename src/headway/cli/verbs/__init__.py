"""What `headway` can be asked: a file for each verb. What several of them need is beside this folder."""
