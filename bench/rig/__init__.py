"""What the measurements share: a bank on loopback enters, figures leave."""
