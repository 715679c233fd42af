"""A job larger than memory: when it is one, how it is cut, learnt, resumed, joined and told."""
