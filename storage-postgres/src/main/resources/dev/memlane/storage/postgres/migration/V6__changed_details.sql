-- Of updates that changed who said a memory, when that happened or when it expires: these values before and after, as JSON objects.
alter table history add column old_details jsonb, add column new_details jsonb;
