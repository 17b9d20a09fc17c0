# Lark Base tables in Amazon Athena: the connector, the Glue crawler, and the data source.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id

  catalog_name   = var.athena_catalog_name != "" ? var.athena_catalog_name : replace(var.stack_name, "-", "_")
  connector_name = var.athena_connector_function_name != "" ? var.athena_connector_function_name : "${var.stack_name}-connector"
  crawler_name   = var.crawler_function_name != "" ? var.crawler_function_name : "${var.stack_name}-crawler"

  create_secret         = var.lark_app_secret_manager == ""
  create_connector_role = var.lambda_athena_connector_role == ""
  create_crawler_role   = var.lambda_lark_base_crawler_role == ""
  use_kms               = var.kms_key_id != ""
  use_query_text        = var.activate_experimental_feature
  use_metadata_table    = local.use_query_text && var.lark_metadata_bucket != ""
  use_schedule          = var.crawler_schedule != ""

  secret             = local.create_secret ? aws_secretsmanager_secret.lark_app[0].arn : var.lark_app_secret_manager
  connector_role_arn = local.create_connector_role ? aws_iam_role.connector[0].arn : var.lambda_athena_connector_role
  crawler_role_arn   = local.create_crawler_role ? aws_iam_role.crawler[0].arn : var.lambda_lark_base_crawler_role

  secret_arn = (
    local.create_secret || startswith(var.lark_app_secret_manager, "arn:")
    ? local.secret
    : "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${var.lark_app_secret_manager}"
  )
  # AWS adds six characters to the name that a secret was given.
  secret_patterns = local.create_secret ? [local.secret_arn] : [local.secret_arn, "${local.secret_arn}-??????"]

  glue = "arn:${local.partition}:glue:${local.region}:${local.account}"
}

resource "aws_secretsmanager_secret" "lark_app" {
  count       = local.create_secret ? 1 : 0
  name_prefix = "${var.stack_name}-"
  description = "JSON object with lark_app_id and lark_app_secret of the Lark app that reads the bases"
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# The connector

data "aws_iam_policy_document" "connector" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${local.connector_name}:*"]
  }

  statement {
    sid       = "Secret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_patterns
  }

  statement {
    sid = "Glue"
    actions = [
      "glue:GetDatabase",
      "glue:GetDatabases",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
    ]
    resources = ["${local.glue}:catalog", "${local.glue}:database/*", "${local.glue}:table/*/*"]
  }

  statement {
    sid       = "SpillBucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${var.spill_bucket}"]
  }

  statement {
    sid       = "SpillObjects"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${var.spill_bucket}/${var.spill_prefix}/*"]
  }

  dynamic "statement" {
    for_each = local.use_query_text ? [1] : []

    content {
      sid       = "QueryText"
      actions   = ["athena:GetQueryExecution"]
      resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/*"]
    }
  }

  dynamic "statement" {
    for_each = local.use_metadata_table ? [1] : []

    content {
      sid       = "MetadataQuery"
      actions   = ["athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"]
      resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${var.lark_metadata_workgroup}"]
    }
  }

  dynamic "statement" {
    for_each = local.use_metadata_table ? [1] : []

    content {
      sid       = "MetadataBucket"
      actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${var.lark_metadata_bucket}"]
    }
  }

  dynamic "statement" {
    for_each = local.use_metadata_table ? [1] : []

    content {
      sid       = "MetadataFiles"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${var.lark_metadata_bucket}/*"]
    }
  }
}

data "aws_iam_policy_document" "kms" {
  count = local.use_kms ? 1 : 0

  statement {
    sid       = "DataKeys"
    actions   = ["kms:GenerateDataKey"]
    resources = ["arn:${local.partition}:kms:${local.region}:${local.account}:key/${var.kms_key_id}"]
  }

  statement {
    sid     = "Nonces"
    actions = ["kms:GenerateRandom"]
    # KMS knows no resource for random numbers.
    resources = ["*"]
  }
}

resource "aws_iam_policy" "kms" {
  count       = local.use_kms ? 1 : 0
  name        = "${var.stack_name}-kms"
  description = "Lets the Lark Base connector make data keys for spilled answers"
  policy      = data.aws_iam_policy_document.kms[0].json
}

resource "aws_iam_role" "connector" {
  count                = local.create_connector_role ? 1 : 0
  name                 = local.connector_name
  description          = "The Lark Base connector of Athena"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.lambda_athena_connector_permissions_boundary != "" ? var.lambda_athena_connector_permissions_boundary : null
}

resource "aws_iam_role_policy" "connector" {
  count  = local.create_connector_role ? 1 : 0
  name   = "connector"
  role   = aws_iam_role.connector[0].id
  policy = data.aws_iam_policy_document.connector.json
}

resource "aws_iam_role_policy_attachment" "kms" {
  count      = local.create_connector_role && local.use_kms ? 1 : 0
  role       = aws_iam_role.connector[0].name
  policy_arn = aws_iam_policy.kms[0].arn
}

resource "aws_lambda_function" "connector" {
  function_name = local.connector_name
  description   = "Answers Amazon Athena from Lark Base"
  runtime       = "python3.12"
  handler       = "larkbase_server.athena.handler"
  architectures = [var.architecture]
  s3_bucket     = var.connector_code_s3_bucket
  s3_key        = var.connector_code_s3_key
  role          = local.connector_role_arn
  timeout       = var.lambda_timeout
  memory_size   = var.lambda_memory

  environment {
    variables = merge({
      default_secret_manager_lark_app_key        = local.secret
      default_does_activate_lark_base_source     = tostring(var.activate_lark_base_source)
      default_lark_base_sources                  = var.lark_base_sources
      default_does_activate_lark_drive_source    = tostring(var.activate_lark_drive_source)
      default_lark_drive_sources                 = var.lark_drive_sources
      default_does_activate_experimental_feature = tostring(var.activate_experimental_feature)
      default_does_activate_parallel_split       = tostring(var.activate_parallel_split)
      default_whitelist_tables                   = var.whitelist_tables
      default_blacklist_tables                   = var.blacklist_tables
      default_page_size                          = tostring(var.lark_page_size)
      default_lark_lookup_max_depth              = tostring(var.lark_lookup_max_depth)
      default_enable_debug_logging               = tostring(var.enable_debug_logging)
      spill_bucket                               = var.spill_bucket
      spill_prefix                               = var.spill_prefix
      disable_spill_encryption                   = tostring(var.disable_spill_encryption)
      kms_key_id                                 = var.kms_key_id
      LARK_DOMAIN                                = var.lark_domain
      LARK_NUMBER_TYPE                           = var.lark_number_type
      LARK_METADATA_DATABASE                     = var.lark_metadata_database
      LARK_METADATA_TABLE                        = var.lark_metadata_table
      LARK_METADATA_WORKGROUP                    = var.lark_metadata_workgroup
    }, var.connector_environment)
  }
}

resource "aws_athena_data_catalog" "lark_base" {
  name        = local.catalog_name
  description = "Tables of Lark Base"
  type        = "LAMBDA"

  parameters = {
    function = aws_lambda_function.connector.arn
  }
}

# The crawler

data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${local.crawler_name}:*"]
  }

  statement {
    sid       = "Secret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_patterns
  }

  statement {
    sid = "Glue"
    actions = [
      "glue:BatchDeleteTable",
      "glue:CreateDatabase",
      "glue:CreateTable",
      "glue:DeleteDatabase",
      "glue:DeleteTable",
      "glue:GetDatabase",
      "glue:GetDatabases",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdateDatabase",
      "glue:UpdateTable",
    ]
    # A database is deleted with the functions in it, so that they are resources too.
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/*",
      "${local.glue}:table/*/*",
      "${local.glue}:userDefinedFunction/*/*",
    ]
  }
}

resource "aws_iam_role" "crawler" {
  count                = local.create_crawler_role ? 1 : 0
  name                 = local.crawler_name
  description          = "The crawler that writes the structure of Lark bases into Glue"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.lambda_lark_base_crawler_permissions_boundary != "" ? var.lambda_lark_base_crawler_permissions_boundary : null
}

resource "aws_iam_role_policy" "crawler" {
  count  = local.create_crawler_role ? 1 : 0
  name   = "crawler"
  role   = aws_iam_role.crawler[0].id
  policy = data.aws_iam_policy_document.crawler.json
}

resource "aws_lambda_function" "crawler" {
  function_name = local.crawler_name
  description   = "Writes the structure of Lark bases into the Glue Data Catalog"
  runtime       = "python3.12"
  handler       = "larkbase_server.crawler.handler"
  architectures = [var.architecture]
  s3_bucket     = var.crawler_code_s3_bucket
  s3_key        = var.crawler_code_s3_key
  role          = local.crawler_role_arn
  timeout       = var.lambda_timeout
  memory_size   = var.lambda_memory

  environment {
    variables = merge({
      default_secret_manager_lark_app_key = local.secret
      default_lark_lookup_max_depth       = tostring(var.lark_lookup_max_depth)
      default_enable_debug_logging        = tostring(var.enable_debug_logging)
      LARK_DOMAIN                         = var.lark_domain
    }, var.crawler_environment)
  }
}

resource "aws_cloudwatch_event_rule" "crawler" {
  count               = local.use_schedule ? 1 : 0
  name                = local.crawler_name
  description         = "Runs the Lark Base crawler"
  schedule_expression = var.crawler_schedule

  lifecycle {
    precondition {
      condition     = var.crawler_payload != ""
      error_message = "crawler_payload must say what the schedule crawls."
    }
  }
}

resource "aws_cloudwatch_event_target" "crawler" {
  count     = local.use_schedule ? 1 : 0
  rule      = aws_cloudwatch_event_rule.crawler[0].name
  target_id = "crawler"
  arn       = aws_lambda_function.crawler.arn
  input     = var.crawler_payload
}

resource "aws_lambda_permission" "crawler" {
  count         = local.use_schedule ? 1 : 0
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.crawler.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.crawler[0].arn
}
