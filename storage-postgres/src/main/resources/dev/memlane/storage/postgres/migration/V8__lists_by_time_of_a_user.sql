-- Lists by time of all scopes are rare, and this index cost every add.
drop index if exists memory_time;
