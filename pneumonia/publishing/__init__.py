"""What is sent to the Hugging Face Hub, and to a Space."""
