"""What the school states, posts, submits and pays."""
