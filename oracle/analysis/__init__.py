"""From opinions in words to one score: an analyser scores each opinion, our own arithmetic makes the crowd's score."""
