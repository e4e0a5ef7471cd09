-- Until when the worker has the task that claimed it; null where no worker has one.
alter table lane_task add column lease_until timestamptz;
