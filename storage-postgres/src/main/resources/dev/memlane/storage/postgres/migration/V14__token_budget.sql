-- The tokens that chat models were asked for on a day in UTC: what calls have cost, and what is reserved for calls under way.
create table token_day (
  day date primary key,
  tokens bigint not null check (tokens >= 0)
);

-- The calls under way. A call that has ended has no row. The row of a process that died stays with its day.
create table token_reservation (
  id uuid primary key,
  day date not null,
  tokens bigint not null check (tokens >= 0)
);
