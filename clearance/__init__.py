"""What happens to a photo: decide, hide, export, verify, remember."""
