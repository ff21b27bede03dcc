# The same as deploy/template.yaml, in Terraform. docs/operations.md says what each variable does.
#   terraform init && terraform apply -var package=../dist/moonmill-0.1.0-arm64.zip -var api_url=...

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40"
    }
  }
}

variable "name" {
  type    = string
  default = "moonmill"
}

variable "package" {
  type        = string
  description = "The zip of ./dev package."
}

variable "architecture" {
  type    = string
  default = "arm64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Lambda has x86_64 and arm64."
  }
}

variable "fifo" {
  type    = bool
  default = false
}

variable "api_url" {
  type        = string
  default     = ""
  description = "API_URL: where the key set is fetched from; not needed with backend_pub."
}

variable "backend_pub" {
  type        = string
  default     = ""
  description = "BACKEND_PUB: the API's public key, base64 of PEM."
}

variable "memory_size" {
  type    = number
  default = 1024
}

variable "timeout" {
  type        = number
  default     = 300
  description = "Seconds of an invocation. A run gets the least of run_timeout, its flow's timeout and nearly all of this."
  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900
    error_message = "Lambda's timeout is 1 to 900 seconds."
  }
}

variable "run_timeout" {
  type        = number
  default     = 3600
  description = "EXECUTOR_TIMEOUT_SECS: a run's time; over timeout it is timeout that ends a run."
}

variable "batch_size" {
  type    = number
  default = 10
  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10
    error_message = "A batch has 1 to 10 messages; more would need a batching window."
  }
}

variable "batching_window" {
  type        = number
  default     = 0
  description = "Seconds that messages wait for company; a FIFO queue has none."
  validation {
    condition     = var.batching_window >= 0 && var.batching_window <= 300
    error_message = "The batching window is 0 to 300 seconds."
  }
}

variable "maximum_concurrency" {
  type    = number
  default = 10
  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "MaximumConcurrency is 2 to 1000."
  }
}

variable "max_receive_count" {
  type    = number
  default = 5
  validation {
    condition     = var.max_receive_count > 3
    error_message = "maxReceiveCount must be above EXECUTOR_MAX_RECEIVES (3)."
  }
}

variable "http_allow" {
  type        = string
  default     = ""
  description = "EXECUTOR_HTTP_ALLOW: more hosts, addresses and CIDRs that flows may reach."
}

variable "log_level" {
  type    = string
  default = "INFO"
}

variable "log_retention" {
  type        = number
  default     = 30
  description = "Days."
}

variable "queue_age_alarm" {
  type        = number
  default     = 900
  description = "Seconds that the oldest message may wait before somebody is told."
}

variable "alarm_topic" {
  type        = string
  default     = ""
  description = "ARN of the SNS topic that alarms go to; none when empty."
}

locals {
  suffix = var.fifo ? ".fifo" : ""
  region = split(":", aws_sqs_queue.jobs.arn)[3]
  settings = {
    EXECUTOR_TIMEOUT_SECS = tostring(var.run_timeout)
    API_URL               = var.api_url
    BACKEND_PUB           = var.backend_pub
    EXECUTOR_HTTP_ALLOW   = var.http_allow
  }
  alarms = {
    dead-letters = {
      description = "A message is a dead letter: docs/operations.md, Dead letters."
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum"
      of          = { QueueName = aws_sqs_queue.dead_letters.name }
      above       = 0, minutes = 1
    }
    queue-age = {
      description = "Messages wait too long: docs/operations.md, Alarms."
      namespace   = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum"
      of          = { QueueName = aws_sqs_queue.jobs.name }
      above       = var.queue_age_alarm, minutes = 5
    }
    errors = {
      description = "Invocations fail as a whole: docs/operations.md, Alarms."
      namespace   = "AWS/Lambda", metric = "Errors", statistic = "Sum"
      of          = { FunctionName = aws_lambda_function.moonmill.function_name }
      above       = 0, minutes = 1
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead${local.suffix}"
  fifo_queue                = var.fifo
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "jobs" {
  name                       = "${var.name}${local.suffix}"
  fifo_queue                 = var.fifo
  visibility_timeout_seconds = 6 * var.timeout + var.batching_window
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/moonmill/${var.name}"
  retention_in_days = var.log_retention
}

resource "aws_iam_role" "function" {
  name_prefix = "${var.name}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "moonmill"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.jobs.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.logs.arn}:*"
      },
      {
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_lambda_function" "moonmill" {
  function_name    = var.name
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  role             = aws_iam_role.function.arn
  memory_size      = var.memory_size
  timeout          = var.timeout
  tracing_config {
    mode = "Active"
  }
  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    log_group             = aws_cloudwatch_log_group.logs.name
  }
  environment {
    variables = { for name, value in local.settings : name => value if value != "" }
  }
  lifecycle {
    precondition {
      condition     = var.api_url != "" || var.backend_pub != ""
      error_message = "No job could be verified: set backend_pub, or api_url to fetch the key set."
    }
  }
}

resource "aws_lambda_event_source_mapping" "jobs" {
  function_name                      = aws_lambda_function.moonmill.arn
  event_source_arn                   = aws_sqs_queue.jobs.arn
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.fifo ? null : var.batching_window
  function_response_types            = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
  lifecycle {
    precondition {
      condition     = !var.fifo || var.batching_window == 0
      error_message = "A FIFO queue has no batching window: batching_window must be 0."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.minutes
  threshold           = each.value.above
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic == "" ? [] : [var.alarm_topic]
}

resource "aws_cloudwatch_dashboard" "moonmill" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      { type = "metric", x = 0, y = 0, width = 12, height = 6, properties = {
        title = "Records", region = local.region, stat = "Sum", period = 60, metrics = [
          for each in ["", "Completed", "Failed", "Returned", "Duplicate", "Cancelled"] : ["moonmill", "Records${each}"]
      ] } },
      { type = "metric", x = 12, y = 0, width = 12, height = 6, properties = {
        title = "Time of runs and callbacks", region = local.region, period = 60, metrics = [
          ["moonmill", "RunDuration", { stat = "p50" }], ["...", { stat = "p99" }],
          [".", "CallbackLatency", { stat = "p50" }], ["...", { stat = "p99" }],
      ] } },
      { type = "metric", x = 0, y = 6, width = 12, height = 6, properties = {
        title = "Queue", region = local.region, stat = "Maximum", period = 60, metrics = [
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.jobs.name],
          [".", "ApproximateAgeOfOldestMessage", ".", "."],
          [".", "ApproximateNumberOfMessagesVisible", ".", aws_sqs_queue.dead_letters.name],
      ] } },
      { type = "metric", x = 12, y = 6, width = 12, height = 6, properties = {
        title = "Workers ended, retries, cold starts", region = local.region, stat = "Sum", period = 60, metrics = [
          for each in ["WorkerEndedDeadline", "WorkerEndedStall", "WorkerEndedBudget", "WorkerEndedCrash", "WorkerEndedOutside", "CallbackRetries", "ColdStart"] : ["moonmill", each]
      ] } },
    ]
  })
}

output "queue_url" {
  value = aws_sqs_queue.jobs.url
}

output "dead_letters_url" {
  value = aws_sqs_queue.dead_letters.url
}

output "dead_letters_arn" {
  value = aws_sqs_queue.dead_letters.arn
}

output "function_name" {
  value = aws_lambda_function.moonmill.function_name
}
