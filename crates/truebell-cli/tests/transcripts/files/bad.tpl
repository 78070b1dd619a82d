line
password = {{ tb://Personal/Bank
