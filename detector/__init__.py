"""Who is in the picture: finds faces and says who they look like."""
