"""What code opens (engines, pools, connections, sessions, clients), and how long that lives."""
