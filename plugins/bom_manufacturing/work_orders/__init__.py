"""Work orders (生产工单): documents of core's with roles, and what this module keeps beside them."""
