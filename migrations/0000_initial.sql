-- Made by drizzle-kit; by hand: WITHOUT ROWID, which it can't say, and the row of `installation`.
CREATE TABLE `clusters` (
	`cluster` text PRIMARY KEY NOT NULL,
	`join_token_hash` text NOT NULL,
	`previous_join_token_hash` text,
	`created_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `installation` (
	`id` text PRIMARY KEY NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `installation` (`id`) VALUES (lower(hex(randomblob(4))));
--> statement-breakpoint
CREATE TABLE `jobs` (
	`job_type` text NOT NULL,
	`id` integer NOT NULL,
	`job_id` text NOT NULL,
	`version` integer NOT NULL,
	`namespace` text NOT NULL,
	`job_name` text NOT NULL,
	`cluster` text,
	`job_status` integer NOT NULL,
	`image` text NOT NULL,
	`command` text NOT NULL,
	`timeout` integer NOT NULL,
	`metadata` text NOT NULL,
	`job_exec_time` integer NOT NULL,
	`information` text NOT NULL,
	`times` integer NOT NULL,
	`success_times` integer NOT NULL,
	`create_time` integer NOT NULL,
	`update_time` integer NOT NULL,
	`overdue_at` integer,
	PRIMARY KEY(`job_type`, `id`, `job_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `jobs_overdue` ON `jobs` (`overdue_at`) WHERE overdue_at IS NOT NULL;
--> statement-breakpoint
CREATE TABLE `name_claims` (
	`namespace` text NOT NULL,
	`job_name` text NOT NULL,
	`job_id` text NOT NULL,
	`id` integer NOT NULL,
	`claimed_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `job_name`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sweep_cursor` (
	`swept` text PRIMARY KEY NOT NULL,
	`namespace` text NOT NULL,
	`job_name` text NOT NULL
) WITHOUT ROWID;
