// Made of the OpenAPI document by `npm run api-files`; a test fails where it is not what the document says.
// biome-ignore-all lint: generated.

/** OnceJobPage of the OpenAPI document. */
export type OnceJobPage = {
  /** Exact up to 10,000. */
  total: string;
  /** Only where total is a lower bound. */
  total_is_min?: true;
  page_num: number;
  page_size: number;
  /** Goes on behind this page; null: there is nothing more. */
  next_cursor: string | null;
  data: OnceJob[];
};

/** OnceJob of the OpenAPI document. */
export type OnceJob = {
  /** Newer jobs have larger ones. */
  id: number;
  job_id: string;
  job_name: string;
  job_exec_time: number;
  namespace: string;
  /** JSON: the metadata keys that were given, and the defaults of others. */
  metadata: string;
  image: string;
  command: string;
  timeout: number;
  /** -1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted. */
  job_status: -1 | 0 | 1 | 2 | 3;
  /** Why it failed, or how it ended. */
  job_exec_information: string;
  /** Kubernetes Jobs created for it. */
  job_times: number;
  /** Those that succeeded. */
  job_success_times: number;
  create_time: number;
  update_time: number;
};

/** DescribedOnceJob of the OpenAPI document. */
export type DescribedOnceJob = {
  /** Newer jobs have larger ones. */
  id: number;
  job_id: string;
  job_name: string;
  job_exec_time: number;
  namespace: string;
  /** JSON: the metadata keys that were given, and the defaults of others. */
  metadata: string;
  image: string;
  command: string;
  timeout: number;
  /** -1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted. */
  job_status: -1 | 0 | 1 | 2 | 3;
  /** Why it failed, or how it ended. */
  job_exec_information: string;
  /** Kubernetes Jobs created for it. */
  job_times: number;
  /** Those that succeeded. */
  job_success_times: number;
  create_time: number;
  update_time: number;
  cluster: string | null;
  status:
    | "due"
    | "sent"
    | "created"
    | "running"
    | "succeeded"
    | "failed"
    | "cancelled"
    | "lost"
    | "skipped"
    | "deleted";
  /** One sentence: what it waits for, or how it ended. */
  explain: string;
  /** The last 20, newest first. */
  runs: Run[];
};

/** Run of the OpenAPI document. */
export type Run = {
  run: number;
  slot_at: number | null;
  /** Slots of a skipped record; 1 for all else. */
  count: number;
  status: "due" | "sent" | "created" | "running" | "succeeded" | "failed" | "cancelled" | "lost" | "skipped";
  cluster: string | null;
  /** The name of its Kubernetes Job. */
  kube_job: string;
  due_at: number;
  fired_at: number | null;
  sent_at: number | null;
  created_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  /** created_at less due_at. */
  lateness_ms: number | null;
  /** A code; empty on success. */
  reason: string;
  message: string;
  pods: {
    pod_name: string;
    exit_code: number | null;
    reason: string;
  }[];
  pod_count: number;
};

/** CronJobPage of the OpenAPI document. */
export type CronJobPage = {
  /** Exact up to 10,000. */
  total: string;
  /** Only where total is a lower bound. */
  total_is_min?: true;
  page_num: number;
  page_size: number;
  /** Goes on behind this page; null: there is nothing more. */
  next_cursor: string | null;
  data: CronJob[];
};

/** CronJob of the OpenAPI document. */
export type CronJob = {
  /** Newer jobs have larger ones. */
  id: number;
  job_id: string;
  job_name: string;
  job_exec_time: number;
  namespace: string;
  /** JSON: the metadata keys that were given, and the defaults of others. */
  metadata: string;
  image: string;
  command: string;
  timeout: number;
  /** -1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted. */
  job_status: -1 | 0 | 1 | 2 | 3;
  /** Why it failed, or how it ended. */
  job_exec_information: string;
  /** Kubernetes Jobs created for it. */
  job_times: number;
  /** Those that succeeded. */
  job_success_times: number;
  create_time: number;
  update_time: number;
  schedule: string;
  time_zone: string;
  dst_gap: "skip" | "first_valid" | "shift";
  dst_overlap: "first" | "second" | "both";
  concurrency_policy: "Allow" | "Forbid" | "Replace" | "Queue";
  misfire_policy: "skip" | "latest" | "all";
  misfire_limit: number;
  starting_deadline_seconds: number | null;
  suspend: boolean;
  /** 0: no end. */
  job_end_time: number;
  /** Its next slot; 0: none is to come, or it is suspended. */
  next_exec_time: number;
  /** Due time of the newest created run; 0: none yet. */
  last_exec_time: number;
  /** End of the newest run that succeeded; 0: none yet. */
  last_success_time: number;
};

/** DescribedCronJob of the OpenAPI document. */
export type DescribedCronJob = {
  /** Newer jobs have larger ones. */
  id: number;
  job_id: string;
  job_name: string;
  job_exec_time: number;
  namespace: string;
  /** JSON: the metadata keys that were given, and the defaults of others. */
  metadata: string;
  image: string;
  command: string;
  timeout: number;
  /** -1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted. */
  job_status: -1 | 0 | 1 | 2 | 3;
  /** Why it failed, or how it ended. */
  job_exec_information: string;
  /** Kubernetes Jobs created for it. */
  job_times: number;
  /** Those that succeeded. */
  job_success_times: number;
  create_time: number;
  update_time: number;
  cluster: string | null;
  status:
    | "due"
    | "sent"
    | "created"
    | "running"
    | "succeeded"
    | "failed"
    | "cancelled"
    | "lost"
    | "skipped"
    | "deleted";
  /** One sentence: what it waits for, or how it ended. */
  explain: string;
  /** The last 20, newest first. */
  runs: Run[];
  schedule: string;
  time_zone: string;
  dst_gap: "skip" | "first_valid" | "shift";
  dst_overlap: "first" | "second" | "both";
  concurrency_policy: "Allow" | "Forbid" | "Replace" | "Queue";
  misfire_policy: "skip" | "latest" | "all";
  misfire_limit: number;
  starting_deadline_seconds: number | null;
  suspend: boolean;
  /** 0: no end. */
  job_end_time: number;
  /** Its next slot; 0: none is to come, or it is suspended. */
  next_exec_time: number;
  /** Due time of the newest created run; 0: none yet. */
  last_exec_time: number;
  /** End of the newest run that succeeded; 0: none yet. */
  last_success_time: number;
};

/** Preview of the OpenAPI document. */
export type Preview = {
  slots: {
    /** Epoch ms. */
    at: number;
    local: string;
    offset: string;
    note: "" | "gap" | "overlap-first" | "overlap-second";
  }[];
  skipped: {
    local: string;
    reason: "dst_gap";
  }[];
};

/** RunPage of the OpenAPI document. */
export type RunPage = {
  total: string;
  page_num: number;
  page_size: number;
  data: Run[];
};

/** LogRow of the OpenAPI document. */
export type LogRow = {
  id: number;
  pod_name: string;
  run_logs: string;
  create_time: number;
  /** Only where the pod has several. */
  container?: string;
};

/** CallbackAttempt of the OpenAPI document. */
export type CallbackAttempt = {
  at: number;
  /** The answer's status; 0: no answer. */
  http: number;
  /** Empty: it was taken. */
  error: string;
  /** When the next attempt follows; null: none does. */
  next_at: number | null;
  run: number;
  event: "finished" | "skipped" | "late";
  webhook_id: string;
};

/** Every call by its path: the fields it takes, the id among them, and the data it answers. */
export type ApiCalls = {
  /** Create a once job. Durable when it is answered. With an Idempotency-Key, a create whose answer was lost may be sent again. */
  "/api/once_job/create": {
    fields: {
      /** Unique among the jobs of its namespace that are not deleted. The Kubernetes Job has this name. */
      job_name: string;
      /** Unix seconds, RFC 3339, or an ISO 8601 duration from now (PT15M); empty, 0 or past: now. */
      job_exec_time: string | number;
      namespace: string;
      image: string;
      /** Split at commas; a value that starts with [ is a JSON array of strings instead. */
      command: string;
      /** Seconds that the run may take; metadata.active_deadline_seconds wins. 0: absent. Default 0. */
      timeout?: number;
      /** The cluster that runs it; empty: any. Default "". */
      route?: string;
      /** Default {}. */
      metadata?: {
        /** Labels of Job and Pod: a JSON object of strings, as it is or as text. */
        labels?: string | Record<string, unknown> | unknown[];
        /** Annotations of Job and Pod: a JSON object of strings, as it is or as text. */
        annotations?: string | Record<string, unknown> | unknown[];
        /** Default "1". */
        parallelism?: number | string;
        /** Default "1". */
        completions?: number | string;
        /** Default "NonIndexed". */
        completion_mode?: "NonIndexed" | "Indexed";
        /** Default "Never". */
        restart_policy?: "Never" | "OnFailure";
        /** Seconds that the run may take; default: timeout, else 300. */
        active_deadline_seconds?: number | string;
        /** How often Kubernetes may try again after a failure. Default "1". */
        backoff_limit?: number | string;
        /** Seconds that the Kubernetes Job is kept after its end was reported. Default "300". */
        ttl_seconds_after_finished?: number | string;
        /** A JSON object of strings, or an array of Kubernetes EnvVar; as it is or as text. */
        envs?: string | Record<string, unknown> | unknown[];
        /** Logs of all pods; those of failed pods are always collected. Default "false". */
        log_collect?: "true" | "false" | true | false;
        /** Of each container's log; head and tail are kept. Default "10485760". */
        log_limit_bytes?: number | string;
        /** As command. */
        args?: string | number | boolean;
        /** Called when a run has ended: https, port 443 or above 1023, a public name. */
        callback_url?: string | number | boolean;
        /** Comma list of success, failure, cancelled, skipped, late. Default "success,failure". */
        callback_on?: string | number | boolean;
        /** What becomes of a run whose Kubernetes Job vanished; rerun: at most 3 times. Default "fail". */
        on_lost?: "fail" | "rerun";
        /** A JSON merge patch on the Job; what it makes must be a valid Job. */
        job_patch?: string | Record<string, unknown> | unknown[];
      };
      /** How late the run may still start; null: no limit. Default null. */
      starting_deadline_seconds?: number;
    };
    data: {
      job_id: string;
    };
  };
  /** Create up to 100 once jobs. An envelope for each, in order; one bad job spoils no other. A key holds for each job by its place. */
  "/api/once_job/create_batch": {
    fields: {
      /** Each as the body of /api/once_job/create, checked by itself. */
      jobs: unknown[];
    };
    data: {
      code: number;
      cause: string;
      error_msg: string;
      data: {
        job_id: string;
      } | null;
    }[];
  };
  /** List once jobs, newest first. A call reads at most 20,000 rows, answers what it found, and goes on by next_cursor. */
  "/api/once_job/lists": {
    fields: {
      /** Beside a cursor it says nothing, and is repeated in the answer. Default 1. */
      page_num?: number | string;
      /** Default 20. */
      page_size?: number | string;
      /** The next_cursor of a page: goes on behind it. Default "". */
      cursor?: string;
      job_status?: -1 | 0 | 1 | 2 | 3 | "-1" | "0" | "1" | "2" | "3";
      namespace?: string;
      /** What job_name begins with. */
      name_prefix?: string;
      cluster?: string;
      /** Created then or later: unix seconds, RFC 3339, or a duration from now (-PT1H). Default "". */
      from?: string | number;
      /** Created in that second or earlier. Default "". */
      to?: string | number;
      /** key=value, one of metadata.labels. */
      label?: string;
    };
    data: OnceJobPage;
  };
  /** Describe a once job */
  "/api/once_job/describe/{job_id}": {
    fields: {
      job_id: string;
    };
    data: DescribedOnceJob;
  };
  /** Give a once job another definition. The whole definition: what is absent gets its default. The old Kubernetes Job is deleted; once it is gone the job is submitted anew. Waits up to 15 s for that; 253: accepted, and submitted as soon as the old Job is gone. */
  "/api/once_job/update": {
    fields: {
      /** Unique among the jobs of its namespace that are not deleted. The Kubernetes Job has this name. */
      job_name: string;
      /** Unix seconds, RFC 3339, or an ISO 8601 duration from now (PT15M); empty, 0 or past: now. */
      job_exec_time: string | number;
      namespace: string;
      image: string;
      /** Split at commas; a value that starts with [ is a JSON array of strings instead. */
      command: string;
      /** Seconds that the run may take; metadata.active_deadline_seconds wins. 0: absent. Default 0. */
      timeout?: number;
      /** The cluster that runs it; empty: any. Default "". */
      route?: string;
      /** Default {}. */
      metadata?: {
        /** Labels of Job and Pod: a JSON object of strings, as it is or as text. */
        labels?: string | Record<string, unknown> | unknown[];
        /** Annotations of Job and Pod: a JSON object of strings, as it is or as text. */
        annotations?: string | Record<string, unknown> | unknown[];
        /** Default "1". */
        parallelism?: number | string;
        /** Default "1". */
        completions?: number | string;
        /** Default "NonIndexed". */
        completion_mode?: "NonIndexed" | "Indexed";
        /** Default "Never". */
        restart_policy?: "Never" | "OnFailure";
        /** Seconds that the run may take; default: timeout, else 300. */
        active_deadline_seconds?: number | string;
        /** How often Kubernetes may try again after a failure. Default "1". */
        backoff_limit?: number | string;
        /** Seconds that the Kubernetes Job is kept after its end was reported. Default "300". */
        ttl_seconds_after_finished?: number | string;
        /** A JSON object of strings, or an array of Kubernetes EnvVar; as it is or as text. */
        envs?: string | Record<string, unknown> | unknown[];
        /** Logs of all pods; those of failed pods are always collected. Default "false". */
        log_collect?: "true" | "false" | true | false;
        /** Of each container's log; head and tail are kept. Default "10485760". */
        log_limit_bytes?: number | string;
        /** As command. */
        args?: string | number | boolean;
        /** Called when a run has ended: https, port 443 or above 1023, a public name. */
        callback_url?: string | number | boolean;
        /** Comma list of success, failure, cancelled, skipped, late. Default "success,failure". */
        callback_on?: string | number | boolean;
        /** What becomes of a run whose Kubernetes Job vanished; rerun: at most 3 times. Default "fail". */
        on_lost?: "fail" | "rerun";
        /** A JSON merge patch on the Job; what it makes must be a valid Job. */
        job_patch?: string | Record<string, unknown> | unknown[];
      };
      /** How late the run may still start; null: no limit. Default null. */
      starting_deadline_seconds?: number;
      job_id: string;
      /** Replaces a job that is submitted and not yet created. */
      force?: boolean | "true" | "false" | null;
    };
    data: string;
  };
  /** Delete a once job. Waits up to 15 s for the cluster's confirmation; the job can still be described, with job_status 3. */
  "/api/once_job/delete/{job_id}": {
    fields: {
      job_id: string;
      /** Cancels a job that is submitted and not yet created. */
      force?: boolean | "true" | "false" | null;
    };
    data: {
      job_id: string;
      outcome: "cancelled_before_dispatch" | "removed_from_cluster" | "already_finished";
    };
  };
  /** Run a finished once job anew, now. Its Kubernetes Job is named <job_name>-r<run>. */
  "/api/once_job/rerun/{job_id}": {
    fields: {
      job_id: string;
    };
    data: {
      job_id: string;
      run: number;
    };
  };
  /** Create a cron job. Runs at each slot of its schedule. docs/schedules.md explains each policy. */
  "/api/cron_job/create": {
    fields: {
      /** Unique among the jobs of its namespace that are not deleted. A slot's Kubernetes Job is <job_name>-<slot>. */
      job_name: string;
      /** The earliest slot: unix seconds, RFC 3339, or a duration from now; empty, 0 or past: now. Default "". */
      job_exec_time?: string | number;
      namespace: string;
      image: string;
      /** Split at commas; a value that starts with [ is a JSON array of strings instead. */
      command: string;
      /** Seconds that the run may take; metadata.active_deadline_seconds wins. 0: absent. Default 0. */
      timeout?: number;
      /** The cluster that runs it; empty: any. Default "". */
      route?: string;
      /** Default {}. */
      metadata?: {
        /** Labels of Job and Pod: a JSON object of strings, as it is or as text. */
        labels?: string | Record<string, unknown> | unknown[];
        /** Annotations of Job and Pod: a JSON object of strings, as it is or as text. */
        annotations?: string | Record<string, unknown> | unknown[];
        /** Default "1". */
        parallelism?: number | string;
        /** Default "1". */
        completions?: number | string;
        /** Default "NonIndexed". */
        completion_mode?: "NonIndexed" | "Indexed";
        /** Default "Never". */
        restart_policy?: "Never" | "OnFailure";
        /** Seconds that the run may take; default: timeout, else 300. */
        active_deadline_seconds?: number | string;
        /** How often Kubernetes may try again after a failure. Default "1". */
        backoff_limit?: number | string;
        /** Seconds that the Kubernetes Job is kept after its end was reported. Default "300". */
        ttl_seconds_after_finished?: number | string;
        /** A JSON object of strings, or an array of Kubernetes EnvVar; as it is or as text. */
        envs?: string | Record<string, unknown> | unknown[];
        /** Logs of all pods; those of failed pods are always collected. Default "false". */
        log_collect?: "true" | "false" | true | false;
        /** Of each container's log; head and tail are kept. Default "10485760". */
        log_limit_bytes?: number | string;
        /** As command. */
        args?: string | number | boolean;
        /** Called when a run has ended: https, port 443 or above 1023, a public name. */
        callback_url?: string | number | boolean;
        /** Comma list of success, failure, cancelled, skipped, late. Default "success,failure". */
        callback_on?: string | number | boolean;
        /** What becomes of a run whose Kubernetes Job vanished; rerun: at most 3 times. Default "fail". */
        on_lost?: "fail" | "rerun";
        /** A JSON merge patch on the Job; what it makes must be a valid Job. */
        job_patch?: string | Record<string, unknown> | unknown[];
      };
      /** How late the run may still start; null: no limit. Default null. */
      starting_deadline_seconds?: number;
      /** 5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or @yearly, @monthly, @weekly, @daily, @hourly. */
      schedule: string;
      /** An IANA name. Default "UTC". */
      time_zone?: string;
      /** What becomes of a slot whose local time does not exist, where the schedule is at fixed hours. Default "first_valid". */
      dst_gap?: "skip" | "first_valid" | "shift";
      /** Which of them runs where a local time occurs twice and the schedule is at fixed hours. Default "first". */
      dst_overlap?: "first" | "second" | "both";
      /** No slot after it, in the same forms; empty or 0: no end. Default "". */
      job_end_time?: string | number;
      /** What becomes of a slot while another run of the job is open. Default "Forbid". */
      concurrency_policy?: "Allow" | "Forbid" | "Replace" | "Queue";
      /** Which missed slots run once their cluster can be reached. Default "latest". */
      misfire_policy?: "skip" | "latest" | "all";
      /** How many missed slots misfire_policy all runs: the newest. Default 10. */
      misfire_limit?: number | string;
      /** Slots are recorded, and do not run. Default false. */
      suspend?: boolean | "true" | "false";
    };
    data: {
      job_id: string;
    };
  };
  /** List cron jobs, newest first. A call reads at most 20,000 rows, answers what it found, and goes on by next_cursor. */
  "/api/cron_job/lists": {
    fields: {
      /** Beside a cursor it says nothing, and is repeated in the answer. Default 1. */
      page_num?: number | string;
      /** Default 20. */
      page_size?: number | string;
      /** The next_cursor of a page: goes on behind it. Default "". */
      cursor?: string;
      job_status?: -1 | 0 | 1 | 2 | 3 | "-1" | "0" | "1" | "2" | "3";
      namespace?: string;
      /** What job_name begins with. */
      name_prefix?: string;
      cluster?: string;
      /** Created then or later: unix seconds, RFC 3339, or a duration from now (-PT1H). Default "". */
      from?: string | number;
      /** Created in that second or earlier. Default "". */
      to?: string | number;
      /** key=value, one of metadata.labels. */
      label?: string;
    };
    data: CronJobPage;
  };
  /** Describe a cron job */
  "/api/cron_job/describe/{job_id}": {
    fields: {
      job_id: string;
    };
    data: DescribedCronJob;
  };
  /** Give a cron job another definition. The whole definition: what is absent gets its default. A slot that was not sent is the new definition's to run, if it still has it; runs that were sent end under their own definition. */
  "/api/cron_job/update": {
    fields: {
      /** Unique among the jobs of its namespace that are not deleted. A slot's Kubernetes Job is <job_name>-<slot>. */
      job_name: string;
      /** The earliest slot: unix seconds, RFC 3339, or a duration from now; empty, 0 or past: now. Default "". */
      job_exec_time?: string | number;
      namespace: string;
      image: string;
      /** Split at commas; a value that starts with [ is a JSON array of strings instead. */
      command: string;
      /** Seconds that the run may take; metadata.active_deadline_seconds wins. 0: absent. Default 0. */
      timeout?: number;
      /** The cluster that runs it; empty: any. Default "". */
      route?: string;
      /** Default {}. */
      metadata?: {
        /** Labels of Job and Pod: a JSON object of strings, as it is or as text. */
        labels?: string | Record<string, unknown> | unknown[];
        /** Annotations of Job and Pod: a JSON object of strings, as it is or as text. */
        annotations?: string | Record<string, unknown> | unknown[];
        /** Default "1". */
        parallelism?: number | string;
        /** Default "1". */
        completions?: number | string;
        /** Default "NonIndexed". */
        completion_mode?: "NonIndexed" | "Indexed";
        /** Default "Never". */
        restart_policy?: "Never" | "OnFailure";
        /** Seconds that the run may take; default: timeout, else 300. */
        active_deadline_seconds?: number | string;
        /** How often Kubernetes may try again after a failure. Default "1". */
        backoff_limit?: number | string;
        /** Seconds that the Kubernetes Job is kept after its end was reported. Default "300". */
        ttl_seconds_after_finished?: number | string;
        /** A JSON object of strings, or an array of Kubernetes EnvVar; as it is or as text. */
        envs?: string | Record<string, unknown> | unknown[];
        /** Logs of all pods; those of failed pods are always collected. Default "false". */
        log_collect?: "true" | "false" | true | false;
        /** Of each container's log; head and tail are kept. Default "10485760". */
        log_limit_bytes?: number | string;
        /** As command. */
        args?: string | number | boolean;
        /** Called when a run has ended: https, port 443 or above 1023, a public name. */
        callback_url?: string | number | boolean;
        /** Comma list of success, failure, cancelled, skipped, late. Default "success,failure". */
        callback_on?: string | number | boolean;
        /** What becomes of a run whose Kubernetes Job vanished; rerun: at most 3 times. Default "fail". */
        on_lost?: "fail" | "rerun";
        /** A JSON merge patch on the Job; what it makes must be a valid Job. */
        job_patch?: string | Record<string, unknown> | unknown[];
      };
      /** How late the run may still start; null: no limit. Default null. */
      starting_deadline_seconds?: number;
      /** 5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or @yearly, @monthly, @weekly, @daily, @hourly. */
      schedule: string;
      /** An IANA name. Default "UTC". */
      time_zone?: string;
      /** What becomes of a slot whose local time does not exist, where the schedule is at fixed hours. Default "first_valid". */
      dst_gap?: "skip" | "first_valid" | "shift";
      /** Which of them runs where a local time occurs twice and the schedule is at fixed hours. Default "first". */
      dst_overlap?: "first" | "second" | "both";
      /** No slot after it, in the same forms; empty or 0: no end. Default "". */
      job_end_time?: string | number;
      /** What becomes of a slot while another run of the job is open. Default "Forbid". */
      concurrency_policy?: "Allow" | "Forbid" | "Replace" | "Queue";
      /** Which missed slots run once their cluster can be reached. Default "latest". */
      misfire_policy?: "skip" | "latest" | "all";
      /** How many missed slots misfire_policy all runs: the newest. Default 10. */
      misfire_limit?: number | string;
      /** Slots are recorded, and do not run. Default false. */
      suspend?: boolean | "true" | "false";
      job_id: string;
      /** Says nothing: a cron job can always be updated. */
      force?: boolean | "true" | "false" | null;
    };
    data: string;
  };
  /** Delete a cron job. Ends its open runs. Waits up to 15 s for the cluster's confirmation, as for a once job. */
  "/api/cron_job/delete/{job_id}": {
    fields: {
      job_id: string;
      /** Says nothing: a cron job can always be deleted. */
      force?: boolean | "true" | "false" | null;
    };
    data: {
      job_id: string;
      outcome: "cancelled_before_dispatch" | "removed_from_cluster" | "already_finished";
    };
  };
  /** Run a cron job now, outside its schedule. It starts whatever runs. Its Kubernetes Job is named <job_name>-r<run>. */
  "/api/cron_job/trigger/{job_id}": {
    fields: {
      job_id: string;
    };
    data: {
      job_id: string;
      run: number;
    };
  };
  /** Suspend a cron job, or let it go on. Nothing else changes. While it is suspended its slots are recorded and do not run. */
  "/api/cron_job/suspend/{job_id}": {
    fields: {
      job_id: string;
      suspend: boolean | "true" | "false";
    };
    data: string;
  };
  /** Preview a schedule's next slots. No job is touched. `skipped`: local times that do not exist and that dst_gap drops. */
  "/api/cron_job/preview": {
    fields: {
      /** 5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or @yearly, @monthly, @weekly, @daily, @hourly. */
      schedule: string;
      /** An IANA name. Default "UTC". */
      time_zone?: string;
      /** What becomes of a slot whose local time does not exist, where the schedule is at fixed hours. Default "first_valid". */
      dst_gap?: "skip" | "first_valid" | "shift";
      /** Which of them runs where a local time occurs twice and the schedule is at fixed hours. Default "first". */
      dst_overlap?: "first" | "second" | "both";
      /** Slots after it: unix seconds, RFC 3339, or a duration from now; empty: now. Default "". */
      from?: string | number;
      /** Default 10. */
      count?: number | string;
    };
    data: Preview;
  };
  /** Cancel one run of a job. Ends that run only. Waits up to 15 s for the cluster's confirmation. */
  "/api/job_runs/cancel/{job_id}": {
    fields: {
      job_id: string;
      /** The run's number. */
      run: number | string;
    };
    data: {
      run: number;
      outcome: "cancelled_before_dispatch" | "removed_from_cluster" | "already_finished";
    };
  };
  /** List a job's runs, newest first. A run shows from its due time on. The newest 1,000 finished runs are kept. */
  "/api/job_runs/{job_id}": {
    fields: {
      job_id: string;
      /** Beside a cursor it says nothing, and is repeated in the answer. Default 1. */
      page_num?: number | string;
      /** Default 20. */
      page_size?: number | string;
    };
    data: RunPage;
  };
  /** Read a job's logs. A row for each container of each pod of one run, or of the newest runs, as far as they fit into 64 MiB: where the newest alone does not, a row begins with [watchbell: N bytes cut]; an older run is there whole or not at all. */
  "/api/job_logs/{job_id}": {
    fields: {
      job_id: string;
      /** The run's number; absent: the newest runs that fit into one answer. */
      run?: number | string;
      pod_name?: string;
      /** The last lines of each row only. */
      tail_lines?: number | string;
    };
    data: LogRow[];
  };
  /** List the attempts at a job's callbacks, oldest first. Kept: the newest 20 callbacks that are settled, and of each the newest 40 attempts. */
  "/api/job_callbacks/{job_id}": {
    fields: {
      job_id: string;
    };
    data: CallbackAttempt[];
  };
  /** Send a callback again, now. The newest that fits run and event, with the same webhook-id and the same bytes; retried for 24 h more. */
  "/api/job_callbacks/{job_id}/redeliver": {
    fields: {
      job_id: string;
      /** The run's number. */
      run?: number | string;
      event?: "finished" | "skipped" | "late";
    };
    data: {
      run: number;
      event: "finished" | "skipped" | "late";
      webhook_id: string;
      job_id: string;
    };
  };
  /** Register a cluster. The join token is shown this once. */
  "/api/cluster/create": {
    fields: {
      cluster: string;
    };
    data: {
      cluster: string;
      join_token: string;
    };
  };
  /** Give a cluster a new join token. The one before stays valid until the next rotation. */
  "/api/cluster/rotate/{cluster}": {
    fields: {
      cluster: string;
    };
    data: {
      cluster: string;
      join_token: string;
    };
  };
};

/** Whether a call whose answer was lost may be sent again: always (reads, deletes), with its Idempotency-Key, or never. */
export const REPEATS: Readonly<Record<keyof ApiCalls, "always" | "key" | "never">> = {
  "/api/once_job/create": "key",
  "/api/once_job/create_batch": "key",
  "/api/once_job/lists": "always",
  "/api/once_job/describe/{job_id}": "always",
  "/api/once_job/update": "never",
  "/api/once_job/delete/{job_id}": "always",
  "/api/once_job/rerun/{job_id}": "never",
  "/api/cron_job/create": "key",
  "/api/cron_job/lists": "always",
  "/api/cron_job/describe/{job_id}": "always",
  "/api/cron_job/update": "never",
  "/api/cron_job/delete/{job_id}": "always",
  "/api/cron_job/trigger/{job_id}": "never",
  "/api/cron_job/suspend/{job_id}": "never",
  "/api/cron_job/preview": "always",
  "/api/job_runs/cancel/{job_id}": "never",
  "/api/job_runs/{job_id}": "always",
  "/api/job_logs/{job_id}": "always",
  "/api/job_callbacks/{job_id}": "always",
  "/api/job_callbacks/{job_id}/redeliver": "never",
  "/api/cluster/create": "never",
  "/api/cluster/rotate/{cluster}": "never",
};
