"""What names hold while lines are built, and what is known of it: values, forms on several paths, scopes, captures."""
