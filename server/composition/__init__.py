"""The composition root: only here, and in `server/app.py`, are concrete parts named and joined."""
