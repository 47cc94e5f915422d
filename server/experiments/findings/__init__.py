"""What the sums show: estimates, how sure they are, and what is concluded of them. Pure."""
