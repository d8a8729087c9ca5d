"""Array lines into loops over elements, and neighbouring loops into one."""
