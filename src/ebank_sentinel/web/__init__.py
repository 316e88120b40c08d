"""HTTP in: health, metrics, and the API. Requests enter the desk; answers leave when they are safe."""
