"""Pages enter, Deliveries leave: wording, channels, and the dispatcher that sends."""
