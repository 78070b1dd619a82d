name = {{ user }}
plain
