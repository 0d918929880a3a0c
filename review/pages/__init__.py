"""What each page of the desk shows and does; `review.access` says who may."""
