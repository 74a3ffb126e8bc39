"""The local page on which a person looks at what was taken, and says what it is: index, queue, labels, server."""
