-- What calls under way at a tenant's deletion wrote for it afterwards is deleted a while later.

-- Whether that is done.
ALTER TABLE tenants ADD COLUMN is_cleared boolean NOT NULL DEFAULT false;
CREATE INDEX tenants_to_clear ON tenants (delete_time) WHERE delete_time IS NOT NULL AND NOT is_cleared;
