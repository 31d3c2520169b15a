"""The worker's side of a lease: hears, keeps the floor and speaks for one conversation over one TCP connection."""
