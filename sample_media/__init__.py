"""Pictures of people who do not exist, and the program that draws them."""
