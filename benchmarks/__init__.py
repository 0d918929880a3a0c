"""Speed and accuracy, side by side with peers in the same run; nothing here is a test."""
