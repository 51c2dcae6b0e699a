drop function audit.measure_days;
