"""Publications on the Hugging Face Hub, and a Space."""
