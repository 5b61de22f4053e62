-- The refreshes that were interrupted are few: each start finds them without reading the other connections.
CREATE INDEX connection_refresh_begun ON connection (id) WHERE refresh_begun IS NOT NULL;
