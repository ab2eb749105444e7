"""What tests share: stories, pictures, sounds and films to work on, processes to look at from outside."""
