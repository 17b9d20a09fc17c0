variable "stack_name" {
  description = "What the names of functions, roles and the data source begin with."
  type        = string
  default     = "lark-base"
}

variable "athena_catalog_name" {
  description = "Name of the data source in Athena; empty takes the stack's name with _ for -."
  type        = string
  default     = ""
}

variable "athena_connector_function_name" {
  description = "Name of the connector's function; empty takes the stack's name with -connector."
  type        = string
  default     = ""
}

variable "crawler_function_name" {
  description = "Name of the crawler's function; empty takes the stack's name with -crawler."
  type        = string
  default     = ""
}

variable "spill_bucket" {
  description = "Bucket of this region for answers that are too large for a reply; its name only."
  type        = string
}

variable "spill_prefix" {
  description = "Folder in that bucket, without slashes at its ends."
  type        = string
  default     = "athena-spill"
}

variable "disable_spill_encryption" {
  description = "Write these answers unencrypted."
  type        = bool
  default     = false
}

variable "kms_key_id" {
  description = "Id of a KMS key of this account and region that makes the data keys; empty lets the function make them."
  type        = string
  default     = ""
}

variable "connector_code_s3_bucket" {
  description = "Bucket of this region that holds the connector's package."
  type        = string
}

variable "connector_code_s3_key" {
  description = "Key of the connector's package; a new version needs a new key."
  type        = string
}

variable "crawler_code_s3_bucket" {
  description = "Bucket of this region that holds the crawler's package."
  type        = string
}

variable "crawler_code_s3_key" {
  description = "Key of the crawler's package; a new version needs a new key."
  type        = string
}

variable "architecture" {
  description = "The processor that the packages were built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "lark_app_secret_manager" {
  description = "Name or ARN of a secret with lark_app_id and lark_app_secret; empty makes an empty secret to be filled afterwards."
  type        = string
  default     = ""
}

variable "lark_domain" {
  description = "larksuite, feishu, or the address of the open platform."
  type        = string
  default     = "larksuite"
}

variable "lark_page_size" {
  description = "Rows per page."
  type        = number
  default     = 500

  validation {
    condition     = var.lark_page_size >= 1 && var.lark_page_size <= 500
    error_message = "lark_page_size must be from 1 to 500."
  }
}

variable "lark_lookup_max_depth" {
  description = "How many lookup-to-lookup steps are followed."
  type        = number
  default     = 20
}

variable "lark_number_type" {
  description = "Type of number columns; decimal is decimal(38,18), as in the Java connector."
  type        = string
  default     = "double"

  validation {
    condition     = contains(["double", "decimal"], var.lark_number_type)
    error_message = "lark_number_type must be double or decimal."
  }
}

variable "activate_lark_base_source" {
  description = "Flow 2: find tables through metadata tables in Lark."
  type        = bool
  default     = false
}

variable "lark_base_sources" {
  description = "Comma list of <base id>:<table id>, the metadata tables."
  type        = string
  default     = ""
}

variable "activate_lark_drive_source" {
  description = "Flow 3: find tables through folders in Lark Drive."
  type        = bool
  default     = false
}

variable "lark_drive_sources" {
  description = "Comma list of folder tokens."
  type        = string
  default     = ""
}

variable "activate_experimental_feature" {
  description = "Flow 4: take ids from the query, or from a metadata table in Athena."
  type        = bool
  default     = false
}

variable "lark_metadata_bucket" {
  description = "Bucket with the files of the metadata table in Athena; empty when there is none."
  type        = string
  default     = ""
}

variable "lark_metadata_database" {
  description = "Database of that table."
  type        = string
  default     = "lark_base"
}

variable "lark_metadata_table" {
  description = "Its name."
  type        = string
  default     = "metadata_catalog"
}

variable "lark_metadata_workgroup" {
  description = "Workgroup in which it is asked."
  type        = string
  default     = "primary"
}

variable "whitelist_tables" {
  description = "Comma list of <schema>:<table>; a schema named here shows only these tables."
  type        = string
  default     = ""
}

variable "blacklist_tables" {
  description = "Comma list of <schema>:<table> that are never shown."
  type        = string
  default     = ""
}

variable "activate_parallel_split" {
  description = "Read a large table in several parts at the same time."
  type        = bool
  default     = false
}

variable "enable_debug_logging" {
  description = "More log lines."
  type        = bool
  default     = false
}

variable "crawler_schedule" {
  description = "When the crawler runs, such as rate(1 hour); empty for never by itself."
  type        = string
  default     = ""
}

variable "crawler_payload" {
  description = "What it is handed then, a JSON object such as {\"handlerType\":\"LARK_DRIVE\",\"payload\":{\"larkDriveFolderToken\":\"...\"}}."
  type        = string
  default     = ""
}

variable "lambda_timeout" {
  description = "Seconds until a function is stopped."
  type        = number
  default     = 900

  validation {
    condition     = var.lambda_timeout >= 1 && var.lambda_timeout <= 900
    error_message = "lambda_timeout must be from 1 to 900."
  }
}

variable "lambda_memory" {
  description = "Megabytes of memory of a function."
  type        = number
  default     = 3008

  validation {
    condition     = var.lambda_memory >= 128 && var.lambda_memory <= 10240
    error_message = "lambda_memory must be from 128 to 10240."
  }
}

variable "lambda_athena_connector_role" {
  description = "ARN of a role for the connector; empty creates one."
  type        = string
  default     = ""
}

variable "lambda_lark_base_crawler_role" {
  description = "ARN of a role for the crawler; empty creates one."
  type        = string
  default     = ""
}

variable "lambda_athena_connector_permissions_boundary" {
  description = "ARN of a policy that bounds the connector's created role."
  type        = string
  default     = ""
}

variable "lambda_lark_base_crawler_permissions_boundary" {
  description = "ARN of a policy that bounds the crawler's created role."
  type        = string
  default     = ""
}

variable "connector_environment" {
  description = "Further environment variables of the connector's function."
  type        = map(string)
  default     = {}
}

variable "crawler_environment" {
  description = "Further environment variables of the crawler's function."
  type        = map(string)
  default     = {}
}
