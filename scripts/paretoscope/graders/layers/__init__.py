"""What the graders are made of: small pure functions, one concern a file, none of which knows another."""
