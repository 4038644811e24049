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

CREATE TABLE bom_manufacturing_closing (
	tenant_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	number INTEGER NOT NULL, 
	day DATE NOT NULL, 
	document_id UUID, 
	CONSTRAINT bom_manufacturing_closing_pkey PRIMARY KEY (tenant_id, place_id, number), 
	CONSTRAINT bom_manufacturing_closing_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT bom_manufacturing_closing_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT bom_manufacturing_closing_tenant_id_document_id_key UNIQUE (tenant_id, document_id), 
	CONSTRAINT bom_manufacturing_closing_number CHECK (number > 0)
);

CREATE INDEX bom_manufacturing_closing_tenant_id_place_id_day_idx ON bom_manufacturing_closing (tenant_id, place_id, day);

alter table "bom_manufacturing_closing" enable row level security;

alter table "bom_manufacturing_closing" force row level security;

create policy tenant on "bom_manufacturing_closing" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_closing" to tallybook_app;

grant select on "bom_manufacturing_closing" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_closing" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_closing" for each statement execute function refuse_change();

CREATE TABLE bom_manufacturing_day (
	tenant_id UUID NOT NULL, 
	day DATE NOT NULL, 
	worked BOOLEAN NOT NULL, 
	CONSTRAINT bom_manufacturing_day_pkey PRIMARY KEY (tenant_id, day)
);

alter table "bom_manufacturing_day" enable row level security;

alter table "bom_manufacturing_day" force row level security;

create policy tenant on "bom_manufacturing_day" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_day" to tallybook_app;

grant select on "bom_manufacturing_day" to tallybook_read;

CREATE TABLE bom_manufacturing_forecast (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID, 
	starts_on DATE NOT NULL, 
	ends_on DATE NOT NULL, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_forecast_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT bom_manufacturing_forecast_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_forecast_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT bom_manufacturing_forecast_tenant_id_item_id_place_id_s_b9e3 UNIQUE NULLS NOT DISTINCT (tenant_id, item_id, place_id, starts_on), 
	CONSTRAINT bom_manufacturing_forecast_quantity CHECK (quantity > 0), 
	CONSTRAINT bom_manufacturing_forecast_period CHECK (starts_on <= ends_on)
);

alter table "bom_manufacturing_forecast" enable row level security;

alter table "bom_manufacturing_forecast" force row level security;

create policy tenant on "bom_manufacturing_forecast" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_forecast" to tallybook_app;

grant select on "bom_manufacturing_forecast" to tallybook_read;

CREATE TABLE bom_manufacturing_planning (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	make BOOLEAN, 
	subcontract BOOLEAN NOT NULL, 
	processing_fee NUMERIC, 
	lead_time INTEGER NOT NULL, 
	safety_stock NUMERIC NOT NULL, 
	reorder_point NUMERIC, 
	supplier_id UUID, 
	policy TEXT NOT NULL, 
	lot_quantity NUMERIC, 
	lot_minimum NUMERIC, 
	lot_maximum NUMERIC, 
	lot_multiple NUMERIC, 
	lot_periods INTEGER, 
	annual_demand NUMERIC, 
	order_cost NUMERIC, 
	holding_cost NUMERIC, 
	CONSTRAINT bom_manufacturing_planning_pkey PRIMARY KEY (tenant_id, item_id), 
	CONSTRAINT bom_manufacturing_planning_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_planning_tenant_id_supplier_id_fkey FOREIGN KEY(tenant_id, supplier_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT bom_manufacturing_planning_policy CHECK (policy IN ('lot_for_lot', 'fixed', 'multiple', 'min_max', 'eoq', 'periods')), 
	CONSTRAINT bom_manufacturing_planning_figures CHECK (lead_time >= 0 AND safety_stock >= 0 AND reorder_point >= 0 AND processing_fee >= 0), 
	CONSTRAINT bom_manufacturing_planning_subcontract CHECK (NOT subcontract OR make IS NOT FALSE), 
	CONSTRAINT bom_manufacturing_planning_lots CHECK (lot_quantity > 0 AND lot_minimum >= 0 AND lot_maximum > 0 AND lot_multiple > 0 AND lot_periods > 0 AND annual_demand >= 0 AND order_cost >= 0 AND holding_cost > 0)
);

alter table "bom_manufacturing_planning" enable row level security;

alter table "bom_manufacturing_planning" force row level security;

create policy tenant on "bom_manufacturing_planning" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_planning" to tallybook_app;

grant select on "bom_manufacturing_planning" to tallybook_read;

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

CREATE TABLE bom_manufacturing_run (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	state TEXT NOT NULL, 
	place_id UUID, 
	starts_on DATE NOT NULL, 
	ends_on DATE NOT NULL, 
	asked_by UUID NOT NULL, 
	asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	finished_at TIMESTAMP WITH TIME ZONE, 
	items_done INTEGER DEFAULT '0' NOT NULL, 
	items_total INTEGER, 
	disturbed BOOLEAN DEFAULT false NOT NULL, 
	failure JSONB, 
	CONSTRAINT bom_manufacturing_run_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT bom_manufacturing_run_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT bom_manufacturing_run_state CHECK (state IN ('queued', 'running', 'done', 'superseded', 'failed')), 
	CONSTRAINT bom_manufacturing_run_horizon CHECK (starts_on <= ends_on), 
	CONSTRAINT bom_manufacturing_run_finished CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL))
);

CREATE UNIQUE INDEX bom_manufacturing_run_one ON bom_manufacturing_run (tenant_id) WHERE state IN ('queued', 'running');

CREATE INDEX bom_manufacturing_run_tenant_id_finished_at_idx ON bom_manufacturing_run (tenant_id, finished_at);

alter table "bom_manufacturing_run" enable row level security;

alter table "bom_manufacturing_run" force row level security;

create policy tenant on "bom_manufacturing_run" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_run" to tallybook_app;

grant select on "bom_manufacturing_run" to tallybook_read;

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

CREATE TABLE bom_manufacturing_weekday (
	tenant_id UUID NOT NULL, 
	weekday INTEGER NOT NULL, 
	CONSTRAINT bom_manufacturing_weekday_pkey PRIMARY KEY (tenant_id, weekday), 
	CONSTRAINT bom_manufacturing_weekday_weekday CHECK (weekday BETWEEN 0 AND 6)
);

alter table "bom_manufacturing_weekday" enable row level security;

alter table "bom_manufacturing_weekday" force row level security;

create policy tenant on "bom_manufacturing_weekday" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_weekday" to tallybook_app;

grant select on "bom_manufacturing_weekday" to tallybook_read;

CREATE TABLE bom_manufacturing_closing_dish (
	tenant_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	number INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_closing_dish_pkey PRIMARY KEY (tenant_id, place_id, number, item_id), 
	CONSTRAINT bom_manufacturing_closing_dish_tenant_id_place_id_number_fkey FOREIGN KEY(tenant_id, place_id, number) REFERENCES bom_manufacturing_closing (tenant_id, place_id, number), 
	CONSTRAINT bom_manufacturing_closing_dish_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_closing_dish_quantity CHECK (quantity <> 0)
);

alter table "bom_manufacturing_closing_dish" enable row level security;

alter table "bom_manufacturing_closing_dish" force row level security;

create policy tenant on "bom_manufacturing_closing_dish" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_closing_dish" to tallybook_app;

grant select on "bom_manufacturing_closing_dish" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_closing_dish" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_closing_dish" for each statement execute function refuse_change();

CREATE TABLE bom_manufacturing_closing_use (
	tenant_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	number INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	needed NUMERIC NOT NULL, 
	taken NUMERIC NOT NULL, 
	rest NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_closing_use_pkey PRIMARY KEY (tenant_id, place_id, number, item_id), 
	CONSTRAINT bom_manufacturing_closing_use_tenant_id_place_id_number_fkey FOREIGN KEY(tenant_id, place_id, number) REFERENCES bom_manufacturing_closing (tenant_id, place_id, number), 
	CONSTRAINT bom_manufacturing_closing_use_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id)
);

CREATE INDEX bom_manufacturing_closing_use_tenant_id_place_id_item_i_73b1 ON bom_manufacturing_closing_use (tenant_id, place_id, item_id, number);

alter table "bom_manufacturing_closing_use" enable row level security;

alter table "bom_manufacturing_closing_use" force row level security;

create policy tenant on "bom_manufacturing_closing_use" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_closing_use" to tallybook_app;

grant select on "bom_manufacturing_closing_use" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_closing_use" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_closing_use" for each statement execute function refuse_change();

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

CREATE TABLE bom_manufacturing_plan_item (
	tenant_id UUID NOT NULL, 
	run_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	level INTEGER NOT NULL, 
	on_hand NUMERIC NOT NULL, 
	short_quantity NUMERIC NOT NULL, 
	short_on DATE, 
	pegs JSONB NOT NULL, 
	CONSTRAINT bom_manufacturing_plan_item_pkey PRIMARY KEY (tenant_id, run_id, item_id), 
	CONSTRAINT bom_manufacturing_plan_item_tenant_id_run_id_fkey FOREIGN KEY(tenant_id, run_id) REFERENCES bom_manufacturing_run (tenant_id, id), 
	CONSTRAINT bom_manufacturing_plan_item_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_plan_item_short CHECK ((short_quantity > 0) = (short_on IS NOT NULL))
);

CREATE INDEX bom_manufacturing_plan_item_tenant_id_run_id_short_on_i_8b38 ON bom_manufacturing_plan_item (tenant_id, run_id, short_on, item_id) WHERE short_quantity > 0;

alter table "bom_manufacturing_plan_item" enable row level security;

alter table "bom_manufacturing_plan_item" force row level security;

create policy tenant on "bom_manufacturing_plan_item" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_plan_item" to tallybook_app;

grant select on "bom_manufacturing_plan_item" to tallybook_read;

CREATE TABLE bom_manufacturing_plan_order (
	tenant_id UUID NOT NULL, 
	run_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	due_on DATE NOT NULL, 
	past_due BOOLEAN NOT NULL, 
	advice TEXT, 
	needed_on DATE, 
	CONSTRAINT bom_manufacturing_plan_order_pkey PRIMARY KEY (tenant_id, run_id, document_id, line), 
	CONSTRAINT bom_manufacturing_plan_order_tenant_id_run_id_fkey FOREIGN KEY(tenant_id, run_id) REFERENCES bom_manufacturing_run (tenant_id, id), 
	CONSTRAINT bom_manufacturing_plan_order_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_plan_order_advice CHECK (advice IN ('bring_forward', 'postpone', 'cancel'))
);

CREATE INDEX bom_manufacturing_plan_order_tenant_id_run_id_item_id_idx ON bom_manufacturing_plan_order (tenant_id, run_id, item_id);

alter table "bom_manufacturing_plan_order" enable row level security;

alter table "bom_manufacturing_plan_order" force row level security;

create policy tenant on "bom_manufacturing_plan_order" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_plan_order" to tallybook_app;

grant select on "bom_manufacturing_plan_order" to tallybook_read;

CREATE TABLE bom_manufacturing_safety_stock (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT bom_manufacturing_safety_stock_pkey PRIMARY KEY (tenant_id, item_id, place_id), 
	CONSTRAINT bom_manufacturing_safety_stock_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES bom_manufacturing_planning (tenant_id, item_id), 
	CONSTRAINT bom_manufacturing_safety_stock_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT bom_manufacturing_safety_stock_quantity CHECK (quantity >= 0)
);

alter table "bom_manufacturing_safety_stock" enable row level security;

alter table "bom_manufacturing_safety_stock" force row level security;

create policy tenant on "bom_manufacturing_safety_stock" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_safety_stock" to tallybook_app;

grant select on "bom_manufacturing_safety_stock" to tallybook_read;

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

CREATE TABLE bom_manufacturing_suggestion (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	run_id UUID NOT NULL, 
	no INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	make BOOLEAN NOT NULL, 
	quantity NUMERIC NOT NULL, 
	release_on DATE NOT NULL, 
	due_on DATE NOT NULL, 
	past_due BOOLEAN NOT NULL, 
	supplier_id UUID, 
	subcontract BOOLEAN NOT NULL, 
	untold JSONB NOT NULL, 
	CONSTRAINT bom_manufacturing_suggestion_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT bom_manufacturing_suggestion_tenant_id_run_id_fkey FOREIGN KEY(tenant_id, run_id) REFERENCES bom_manufacturing_run (tenant_id, id), 
	CONSTRAINT bom_manufacturing_suggestion_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT bom_manufacturing_suggestion_tenant_id_supplier_id_fkey FOREIGN KEY(tenant_id, supplier_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT bom_manufacturing_suggestion_quantity CHECK (quantity > 0), 
	CONSTRAINT bom_manufacturing_suggestion_untold CHECK (jsonb_typeof(untold) = 'array' AND (untold = '[]' OR make)), 
	CONSTRAINT bom_manufacturing_suggestion_dates CHECK (release_on <= due_on), 
	CONSTRAINT bom_manufacturing_suggestion_subcontract CHECK (NOT subcontract OR make)
);

CREATE INDEX bom_manufacturing_suggestion_tenant_id_run_id_item_id_idx ON bom_manufacturing_suggestion (tenant_id, run_id, item_id);

CREATE UNIQUE INDEX bom_manufacturing_suggestion_tenant_id_run_id_release_on_no_idx ON bom_manufacturing_suggestion (tenant_id, run_id, release_on, no);

alter table "bom_manufacturing_suggestion" enable row level security;

alter table "bom_manufacturing_suggestion" force row level security;

create policy tenant on "bom_manufacturing_suggestion" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_suggestion" to tallybook_app;

grant select on "bom_manufacturing_suggestion" to tallybook_read;

CREATE TABLE bom_manufacturing_work_order (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	kind TEXT NOT NULL, 
	bom_id UUID, 
	status TEXT DEFAULT 'open' NOT NULL, 
	reported NUMERIC DEFAULT '0' NOT NULL, 
	scrapped NUMERIC DEFAULT '0' NOT NULL, 
	absorbed NUMERIC DEFAULT '0' NOT NULL, 
	CONSTRAINT bom_manufacturing_work_order_pkey PRIMARY KEY (tenant_id, document_id), 
	CONSTRAINT bom_manufacturing_work_order_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT bom_manufacturing_work_order_tenant_id_bom_id_fkey FOREIGN KEY(tenant_id, bom_id) REFERENCES bom_manufacturing_bom (tenant_id, id), 
	CONSTRAINT bom_manufacturing_work_order_kind CHECK (kind IN ('make', 'rework', 'disassemble')), 
	CONSTRAINT bom_manufacturing_work_order_status CHECK (status IN ('open', 'stopped', 'closed')), 
	CONSTRAINT bom_manufacturing_work_order_figures CHECK (reported >= 0 AND scrapped >= 0 AND absorbed >= 0)
);

alter table "bom_manufacturing_work_order" enable row level security;

alter table "bom_manufacturing_work_order" force row level security;

create policy tenant on "bom_manufacturing_work_order" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_work_order" to tallybook_app;

grant select on "bom_manufacturing_work_order" to tallybook_read;

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

CREATE TABLE bom_manufacturing_suggestion_order (
	tenant_id UUID NOT NULL, 
	suggestion_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	CONSTRAINT bom_manufacturing_suggestion_order_pkey PRIMARY KEY (tenant_id, suggestion_id), 
	CONSTRAINT bom_manufacturing_suggestion_order_tenant_id_suggestion_id_fkey FOREIGN KEY(tenant_id, suggestion_id) REFERENCES bom_manufacturing_suggestion (tenant_id, id)
);

CREATE INDEX bom_manufacturing_suggestion_order_tenant_id_document_id_idx ON bom_manufacturing_suggestion_order (tenant_id, document_id);

alter table "bom_manufacturing_suggestion_order" enable row level security;

alter table "bom_manufacturing_suggestion_order" force row level security;

create policy tenant on "bom_manufacturing_suggestion_order" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "bom_manufacturing_suggestion_order" to tallybook_app;

grant select on "bom_manufacturing_suggestion_order" to tallybook_read;

create trigger append_only before update or delete on "bom_manufacturing_suggestion_order" for each row execute function refuse_change();

create trigger never_truncated before truncate on "bom_manufacturing_suggestion_order" for each statement execute function refuse_change();

CREATE TABLE bom_manufacturing_work_charge (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	kind TEXT NOT NULL, 
	amount NUMERIC NOT NULL, 
	remark TEXT, 
	charged_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT bom_manufacturing_work_charge_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT bom_manufacturing_work_charge_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES bom_manufacturing_work_order (tenant_id, document_id) ON DELETE CASCADE, 
	CONSTRAINT bom_manufacturing_work_charge_kind CHECK (kind IN ('labour', 'overhead', 'fee', 'other')), 
	CONSTRAINT bom_manufacturing_work_charge_amount CHECK (amount <> 0)
);

CREATE INDEX bom_manufacturing_work_charge_tenant_id_document_id_idx ON bom_manufacturing_work_charge (tenant_id, document_id);

alter table "bom_manufacturing_work_charge" enable row level security;

alter table "bom_manufacturing_work_charge" force row level security;

create policy tenant on "bom_manufacturing_work_charge" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "bom_manufacturing_work_charge" to tallybook_app;

grant select on "bom_manufacturing_work_charge" to tallybook_read;
