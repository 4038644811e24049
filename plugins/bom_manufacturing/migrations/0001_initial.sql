-- Written by `python -m core.db.freeze bom_manufacturing` from the tables declared in bom_manufacturing.

CREATE TABLE bom_manufacturing_bom (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	version TEXT NOT NULL, 
	output_quantity NUMERIC NOT NULL, 
	valid_from DATE, 
	valid_until DATE, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	CONSTRAINT bom_manufacturing_bom_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT bom_manufacturing_bom_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_bom_tenant_id_item_id_version_key UNIQUE (tenant_id, item_id, version), 
	CONSTRAINT bom_manufacturing_bom_version CHECK (version <> ''), 
	CONSTRAINT bom_manufacturing_bom_output_quantity CHECK (output_quantity > 0), 
	CONSTRAINT bom_manufacturing_bom_dates CHECK (valid_from <= valid_until)
);

alter table "bom_manufacturing_bom" enable row level security;

alter table "bom_manufacturing_bom" force row level security;

create policy tenant on "bom_manufacturing_bom" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_bom" to tallybook_app;

grant select on "bom_manufacturing_bom" to tallybook_read;

CREATE TABLE bom_manufacturing_processor (
	tenant_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	party_id UUID NOT NULL, 
	CONSTRAINT bom_manufacturing_processor_pkey PRIMARY KEY (tenant_id, place_id), 
	CONSTRAINT bom_manufacturing_processor_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT bom_manufacturing_processor_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id)
);

CREATE INDEX bom_manufacturing_processor_tenant_id_party_id_idx ON bom_manufacturing_processor (tenant_id, party_id);

alter table "bom_manufacturing_processor" enable row level security;

alter table "bom_manufacturing_processor" force row level security;

create policy tenant on "bom_manufacturing_processor" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_processor" to tallybook_app;

grant select on "bom_manufacturing_processor" to tallybook_read;

CREATE TABLE bom_manufacturing_subcontract_order (
	tenant_id UUID NOT NULL, 
	order_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	pays_rejected BOOLEAN NOT NULL, 
	CONSTRAINT bom_manufacturing_subcontract_order_pkey PRIMARY KEY (tenant_id, order_id), 
	CONSTRAINT bom_manufacturing_subcontract_order_tenant_id_order_id_fkey FOREIGN KEY(tenant_id, order_id) REFERENCES document (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT bom_manufacturing_subcontract_order_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id)
);

CREATE INDEX bom_manufacturing_subcontract_order_tenant_id_item_id_idx ON bom_manufacturing_subcontract_order (tenant_id, item_id);

alter table "bom_manufacturing_subcontract_order" enable row level security;

alter table "bom_manufacturing_subcontract_order" force row level security;

create policy tenant on "bom_manufacturing_subcontract_order" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_subcontract_order" to tallybook_app;

grant select on "bom_manufacturing_subcontract_order" to tallybook_read;

CREATE TABLE bom_manufacturing_line (
	tenant_id UUID NOT NULL, 
	bom_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	scrap_pct NUMERIC NOT NULL, 
	setup_loss NUMERIC NOT NULL, 
	multiple NUMERIC, 
	phantom BOOLEAN NOT NULL, 
	supply TEXT NOT NULL, 
	valid_from DATE, 
	valid_until DATE, 
	conditions JSONB NOT NULL, 
	CONSTRAINT bom_manufacturing_line_pkey PRIMARY KEY (tenant_id, bom_id, line), 
	CONSTRAINT bom_manufacturing_line_tenant_id_bom_id_fkey FOREIGN KEY(tenant_id, bom_id) REFERENCES bom_manufacturing_bom (tenant_id, id), 
	CONSTRAINT bom_manufacturing_line_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_line_quantity CHECK (quantity > 0), 
	CONSTRAINT bom_manufacturing_line_losses CHECK (scrap_pct >= 0 AND setup_loss >= 0 AND multiple > 0), 
	CONSTRAINT bom_manufacturing_line_supply CHECK (supply IN ('issue', 'backflush', 'processor', 'consumable')), 
	CONSTRAINT bom_manufacturing_line_dates CHECK (valid_from <= valid_until), 
	CONSTRAINT bom_manufacturing_line_conditions CHECK (jsonb_typeof(conditions) = 'object')
);

CREATE INDEX bom_manufacturing_line_tenant_id_item_id_idx ON bom_manufacturing_line (tenant_id, item_id);

alter table "bom_manufacturing_line" enable row level security;

alter table "bom_manufacturing_line" force row level security;

create policy tenant on "bom_manufacturing_line" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_line" to tallybook_app;

grant select on "bom_manufacturing_line" to tallybook_read;

CREATE TABLE bom_manufacturing_operation (
	tenant_id UUID NOT NULL, 
	bom_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	minutes NUMERIC NOT NULL, 
	hour_rate NUMERIC NOT NULL, 
	setup_minutes NUMERIC NOT NULL, 
	efficiency_pct NUMERIC NOT NULL, 
	cycle_quantity NUMERIC NOT NULL, 
	whole_cycles BOOLEAN NOT NULL, 
	CONSTRAINT bom_manufacturing_operation_pkey PRIMARY KEY (tenant_id, bom_id, line), 
	CONSTRAINT bom_manufacturing_operation_tenant_id_bom_id_fkey FOREIGN KEY(tenant_id, bom_id) REFERENCES bom_manufacturing_bom (tenant_id, id), 
	CONSTRAINT bom_manufacturing_operation_figures CHECK (minutes >= 0 AND hour_rate >= 0 AND setup_minutes >= 0 AND efficiency_pct > 0 AND cycle_quantity > 0)
);

alter table "bom_manufacturing_operation" enable row level security;

alter table "bom_manufacturing_operation" force row level security;

create policy tenant on "bom_manufacturing_operation" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_operation" to tallybook_app;

grant select on "bom_manufacturing_operation" to tallybook_read;

CREATE TABLE bom_manufacturing_output (
	tenant_id UUID NOT NULL, 
	bom_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	kind TEXT NOT NULL, 
	share_pct NUMERIC NOT NULL, 
	unit_value NUMERIC, 
	CONSTRAINT bom_manufacturing_output_pkey PRIMARY KEY (tenant_id, bom_id, line), 
	CONSTRAINT bom_manufacturing_output_tenant_id_bom_id_fkey FOREIGN KEY(tenant_id, bom_id) REFERENCES bom_manufacturing_bom (tenant_id, id), 
	CONSTRAINT bom_manufacturing_output_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_output_kind CHECK (kind IN ('by_product', 'co_product')), 
	CONSTRAINT bom_manufacturing_output_value CHECK (quantity > 0 AND share_pct >= 0 AND share_pct < 100 AND unit_value >= 0), 
	CONSTRAINT bom_manufacturing_output_one_value CHECK (unit_value IS NULL OR share_pct = 0)
);

alter table "bom_manufacturing_output" enable row level security;

alter table "bom_manufacturing_output" force row level security;

create policy tenant on "bom_manufacturing_output" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_output" to tallybook_app;

grant select on "bom_manufacturing_output" to tallybook_read;

CREATE TABLE bom_manufacturing_subcontract_component (
	tenant_id UUID NOT NULL, 
	order_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	numerator NUMERIC NOT NULL, 
	denominator NUMERIC NOT NULL, 
	allowance_pct NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_subcontract_component_pkey PRIMARY KEY (tenant_id, order_id, item_id), 
	CONSTRAINT bom_manufacturing_subcontract_component_tenant_id_order_id_fkey FOREIGN KEY(tenant_id, order_id) REFERENCES bom_manufacturing_subcontract_order (tenant_id, order_id) ON DELETE CASCADE, 
	CONSTRAINT bom_manufacturing_subcontract_component_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_subcontract_component_per_unit CHECK (numerator > 0 AND denominator > 0), 
	CONSTRAINT bom_manufacturing_subcontract_component_allowance CHECK (allowance_pct >= 0)
);

alter table "bom_manufacturing_subcontract_component" enable row level security;

alter table "bom_manufacturing_subcontract_component" force row level security;

create policy tenant on "bom_manufacturing_subcontract_component" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_subcontract_component" to tallybook_app;

grant select on "bom_manufacturing_subcontract_component" to tallybook_read;

CREATE TABLE bom_manufacturing_subcontract_receipt (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	order_id UUID NOT NULL, 
	number INTEGER, 
	received NUMERIC NOT NULL, 
	rejected NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_subcontract_receipt_pkey PRIMARY KEY (tenant_id, document_id), 
	CONSTRAINT bom_manufacturing_subcontract_receipt_tenant_id_documen_5907 FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT bom_manufacturing_subcontract_receipt_tenant_id_order_id_fkey FOREIGN KEY(tenant_id, order_id) REFERENCES bom_manufacturing_subcontract_order (tenant_id, order_id), 
	CONSTRAINT bom_manufacturing_subcontract_receipt_number UNIQUE (tenant_id, order_id, number), 
	CONSTRAINT bom_manufacturing_subcontract_receipt_quantities CHECK (least(received, rejected) >= 0 OR greatest(received, rejected) <= 0)
);

alter table "bom_manufacturing_subcontract_receipt" enable row level security;

alter table "bom_manufacturing_subcontract_receipt" force row level security;

create policy tenant on "bom_manufacturing_subcontract_receipt" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_subcontract_receipt" to tallybook_app;

grant select on "bom_manufacturing_subcontract_receipt" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_subcontract_receipt" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_subcontract_receipt" for each statement execute function refuse_change();

CREATE TABLE bom_manufacturing_subcontract_use (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	order_id UUID NOT NULL, 
	used NUMERIC NOT NULL, 
	allowed_loss NUMERIC NOT NULL, 
	charged_loss NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_subcontract_use_pkey PRIMARY KEY (tenant_id, document_id, item_id), 
	CONSTRAINT bom_manufacturing_subcontract_use_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT bom_manufacturing_subcontract_use_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_subcontract_use_tenant_id_order_id_fkey FOREIGN KEY(tenant_id, order_id) REFERENCES bom_manufacturing_subcontract_order (tenant_id, order_id), 
	CONSTRAINT bom_manufacturing_subcontract_use_quantities CHECK (least(used, allowed_loss, charged_loss) >= 0 OR greatest(used, allowed_loss, charged_loss) <= 0)
);

CREATE INDEX bom_manufacturing_subcontract_use_tenant_id_order_id_it_b447 ON bom_manufacturing_subcontract_use (tenant_id, order_id, item_id);

alter table "bom_manufacturing_subcontract_use" enable row level security;

alter table "bom_manufacturing_subcontract_use" force row level security;

create policy tenant on "bom_manufacturing_subcontract_use" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_subcontract_use" to tallybook_app;

grant select on "bom_manufacturing_subcontract_use" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_subcontract_use" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_subcontract_use" for each statement execute function refuse_change();

CREATE TABLE bom_manufacturing_alternate (
	tenant_id UUID NOT NULL, 
	bom_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	priority INTEGER NOT NULL, 
	ratio NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_alternate_pkey PRIMARY KEY (tenant_id, bom_id, line, item_id), 
	CONSTRAINT bom_manufacturing_alternate_tenant_id_bom_id_line_fkey FOREIGN KEY(tenant_id, bom_id, line) REFERENCES bom_manufacturing_line (tenant_id, bom_id, line), 
	CONSTRAINT bom_manufacturing_alternate_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_alternate_ratio CHECK (ratio > 0 AND priority >= 0)
);

CREATE INDEX bom_manufacturing_alternate_tenant_id_item_id_idx ON bom_manufacturing_alternate (tenant_id, item_id);

alter table "bom_manufacturing_alternate" enable row level security;

alter table "bom_manufacturing_alternate" force row level security;

create policy tenant on "bom_manufacturing_alternate" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_alternate" to tallybook_app;

grant select on "bom_manufacturing_alternate" to tallybook_read;
