-- Lists by time read on in these: when what a memory tells of happened, or else when it was accepted. The condition of the first
-- is worded as the query is, which reads all scopes.
create index memory_time on memory (coalesce(occurred_at, created_at), created_at, id) where state not in (2, 3);
create index memory_user_time on memory (user_id, coalesce(occurred_at, created_at), created_at, id)
  where state = 1 and user_id is not null;
