"""From a decoded radiograph to a prediction."""
