"""The templates say the same in three languages, grant no more than is used, and are valid."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import hcl2
import pytest
from botocore import xform_name
from botocore.session import get_session
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

import larkbase_sdk
import larkbase_server
from larkbase_sdk.cli import main
from larkbase_server.deploy.templates import (
    TemplateFormat,
    template_files,
    template_text,
    write_template,
)
from larkbase_server.environment import variables
from larkbase_server.settings import ConnectorSettings, CrawlerSettings

PARAMETERS = {
    # The contract's, with its defaults; None for those that must be given.
    "SpillBucket": None,
    "SpillPrefix": "athena-spill",
    "ConnectorCodeS3Bucket": None,
    "ConnectorCodeS3Key": None,
    "CrawlerCodeS3Bucket": None,
    "CrawlerCodeS3Key": None,
    "AthenaCatalogName": "LarkBaseCatalog",
    "LarkPageSize": 500,
    "ActivateLarkBaseSource": "false",
    "LarkBaseSources": "",
    "ActivateLarkDriveSource": "false",
    "LarkDriveSources": "",
    "ActivateExperimentalFeature": "false",
    "ActivateParallelSplit": "false",
    "LambdaTimeout": 900,
    "LambdaMemory": 3008,
    "LambdaAthenaConnectorRole": "",
    "LambdaLarkBaseCrawlerRole": "",
    "LambdaAthenaConnectorPermissionsBoundary": "",
    "LambdaLarkBaseCrawlerPermissionsBoundary": "",
    "DisableSpillEncryption": "false",
    "KMSKeyId": "",
    "LarkAppSecretManager": "",
    "AthenaConnectorFunctionName": "",
    "CrawlerFunctionName": "",
    # Off or empty unless somebody wants them.
    "Architecture": "x86_64",
    "BlacklistTables": "",
    "CrawlerPayload": "",
    "CrawlerSchedule": "",
    "EnableDebugLogging": "false",
    "LarkDomain": "larksuite",
    "LarkLookupMaxDepth": 20,
    "LarkMetadataBucket": "",
    "LarkMetadataDatabase": "lark_base",
    "LarkMetadataTable": "metadata_catalog",
    "LarkMetadataWorkgroup": "primary",
    "LarkNumberType": "double",
    "WhitelistTables": "",
}
OUTPUTS = {
    *("AthenaCatalogName", "AthenaConnectorFunctionName", "AthenaConnectorFunctionArn"),
    *("AthenaConnectorRoleArn", "CrawlerFunctionName", "CrawlerFunctionArn", "CrawlerRoleArn"),
    *("LarkAppSecretArn", "KMSPolicyArn"),
}
OF_TERRAFORM = {"stack_name", "connector_environment", "crawler_environment"}
"""Variables that stand for what CloudFormation has of its own: the stack's name, and editing."""

SERVICES = ("athena", "glue", "kms", "s3", "secretsmanager", "sts")
WITHOUT_RESOURCE = {"kms:GenerateRandom"}
"""Actions of which AWS knows no resource."""


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("KMSKey", "KmsKey")).lower()


@pytest.fixture(scope="module")
def cloudformation() -> dict[str, Any]:
    return yaml_parse(template_text(TemplateFormat.CLOUDFORMATION))


@pytest.fixture
def sam(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What AWS makes of the SAM template."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    class NoPolicies:
        def load(self) -> dict[str, str]:
            return {}

    return transform(yaml_parse(template_text(TemplateFormat.SAM)), {}, NoPolicies())


@pytest.fixture(scope="module")
def terraform() -> dict[str, Any]:
    """The blocks of the Terraform module: kind, type and name to content."""
    parsed = hcl2.loads(template_text(TemplateFormat.TERRAFORM))
    return {kind: unquoted(blocks) for kind, blocks in parsed.items() if not kind.startswith("__")}


def unquoted(value: Any) -> Any:
    """Return what was parsed without the quotes that the parser leaves on names and texts."""
    if isinstance(value, dict):
        return {
            unquoted(name): unquoted(item)
            for name, item in value.items()
            if not str(name).startswith("__")
        }
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == value[-1:] == '"' else value


def lint(path: Path) -> str:
    program = "from cfnlint.runner.cli import main; main()"
    command = [sys.executable, "-c", program, "--include-checks", "I", "--", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def function(template: dict[str, Any], handler: str) -> dict[str, Any]:
    (found,) = (
        properties
        for properties in resources(template, "AWS::Lambda::Function").values()
        if properties["Handler"] == handler
    )
    return found


CONNECTOR = "larkbase_server.athena.handler"
CRAWLER = "larkbase_server.crawler.handler"


class TestValid:
    """The tools that read them find nothing to say."""

    def test_cfn_lint_accepts_the_cloudformation_template(self, tmp_path):
        """Down to its informative remarks."""
        (path,) = write_template(TemplateFormat.CLOUDFORMATION, tmp_path)

        assert lint(path) == ""

    def test_cfn_lint_accepts_the_sam_template(self, tmp_path):
        """As it is written, before AWS transforms it."""
        (path,) = write_template(TemplateFormat.SAM, tmp_path)

        assert lint(path) == ""

    def test_cfn_lint_accepts_what_the_sam_template_becomes(self, sam, tmp_path):
        """What the translator makes of it is what AWS creates."""
        path = tmp_path / "transformed.yaml"
        path.write_text(json.dumps(sam, indent=1))

        assert lint(path) == ""

    @pytest.mark.parametrize("form", [TemplateFormat.CLOUDFORMATION, TemplateFormat.SAM])
    def test_a_template_can_be_sent_as_it_is(self, form):
        """AWS takes 51,200 bytes with a call, and more only from a bucket."""
        assert len(template_text(form).encode()) < 51_200

    def test_a_mistake_would_be_found(self, tmp_path):
        """A property that no function has."""
        text = template_text(TemplateFormat.CLOUDFORMATION).replace("MemorySize:", "Memory:")
        path = tmp_path / "wrong.yaml"
        path.write_text(text)

        assert "'Memory' was unexpected" in lint(path)

    def test_terraform_accepts_the_module(self, tmp_path):
        """`terraform init` needs the provider: TF_CLI_ARGS_init=-plugin-dir=… names a mirror."""
        program = shutil.which("terraform")
        if program is None:
            pytest.skip("terraform is not installed")
        write_template(TemplateFormat.TERRAFORM, tmp_path)

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [program, *words], cwd=tmp_path, capture_output=True, text=True, check=False
            )

        assert run("fmt", "-check", "-diff", "-no-color").stdout == ""
        begun = run("init", "-input=false", "-no-color", "-backend=false")
        if begun.returncode:
            reason = re.search(r"Error: .*", begun.stderr)
            pytest.skip(f"terraform init: {reason[0] if reason else begun.stderr}")
        checked = run("validate", "-no-color")
        assert checked.stdout.strip() == "Success! The configuration is valid.", checked.stderr


class TestSurface:
    """What somebody sets and reads is what the contract says."""

    def test_cloudformation_has_the_parameters_with_their_defaults(self, cloudformation):
        """No default means that it must be given."""
        found = {name: row.get("Default") for name, row in cloudformation["Parameters"].items()}

        assert found == PARAMETERS

    def test_sam_differs_in_one_default(self, sam):
        """Flow 2 is on in templates of this form."""
        found = {name: row.get("Default") for name, row in sam["Parameters"].items()}

        assert found == {**PARAMETERS, "ActivateLarkBaseSource": "true"}

    def test_terraform_has_them_in_snake_case(self, terraform):
        """With flags as booleans, and the data source named after the stack unless it is named."""
        found = {
            name: row.get("default")
            for block in terraform["variable"]
            for name, row in block.items()
        }
        as_written = {"true": True, "false": False}
        expected = {
            snake(name): as_written.get(default, default) if isinstance(default, str) else default
            for name, default in PARAMETERS.items()
        }

        shared = {name: value for name, value in found.items() if name not in OF_TERRAFORM}
        assert shared == {**expected, "athena_catalog_name": ""}
        assert found.keys() - shared.keys() == OF_TERRAFORM
        assert found["stack_name"] == "lark-base"

    def test_every_parameter_is_used_and_shown(self, cloudformation):
        """In a group of the console's form."""
        groups = cloudformation["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        shown = [name for group in groups for name in group["Parameters"]]

        assert sorted(shown) == sorted(PARAMETERS)

    def test_outputs(self, cloudformation, sam, terraform):
        """The same in all three."""
        assert set(cloudformation["Outputs"]) == OUTPUTS
        assert set(sam["Outputs"]) == OUTPUTS
        of_terraform = {name for block in terraform["output"] for name in block}
        assert of_terraform == {snake(name.replace("KMSP", "KmsP")) for name in OUTPUTS}

    def test_sam_becomes_the_cloudformation_template(self, sam, cloudformation):
        """But for the tag that its functions get."""
        for properties in resources(sam, "AWS::Lambda::Function").values():
            assert properties.pop("Tags") == [{"Key": "lambda:createdBy", "Value": "SAM"}]

        assert sam["Resources"] == cloudformation["Resources"]
        assert sam["Conditions"] == cloudformation["Conditions"]


class TestFunctions:
    """Lambda is told what the code needs."""

    @pytest.mark.parametrize(
        ("handler", "settings"), [(CONNECTOR, ConnectorSettings), (CRAWLER, CrawlerSettings)]
    )
    def test_every_environment_variable_is_a_setting(self, cloudformation, handler, settings):
        """By its canonical name."""
        names = set(function(cloudformation, handler)["Environment"]["Variables"])

        assert names - {row.name for row in variables(settings).values()} == set()

    def test_the_connector_gets_every_setting_that_has_a_parameter(self, cloudformation):
        """And no variable is fed by the wrong one."""
        given = function(cloudformation, CONNECTOR)["Environment"]["Variables"]
        references = {name: value.get("Ref") for name, value in given.items()}
        references.pop("default_secret_manager_lark_app_key")

        assert references == {
            "LARK_DOMAIN": "LarkDomain",
            "LARK_METADATA_DATABASE": "LarkMetadataDatabase",
            "LARK_METADATA_TABLE": "LarkMetadataTable",
            "LARK_METADATA_WORKGROUP": "LarkMetadataWorkgroup",
            "LARK_NUMBER_TYPE": "LarkNumberType",
            "default_blacklist_tables": "BlacklistTables",
            "default_does_activate_experimental_feature": "ActivateExperimentalFeature",
            "default_does_activate_lark_base_source": "ActivateLarkBaseSource",
            "default_does_activate_lark_drive_source": "ActivateLarkDriveSource",
            "default_does_activate_parallel_split": "ActivateParallelSplit",
            "default_enable_debug_logging": "EnableDebugLogging",
            "default_lark_base_sources": "LarkBaseSources",
            "default_lark_drive_sources": "LarkDriveSources",
            "default_lark_lookup_max_depth": "LarkLookupMaxDepth",
            "default_page_size": "LarkPageSize",
            "default_whitelist_tables": "WhitelistTables",
            "disable_spill_encryption": "DisableSpillEncryption",
            "kms_key_id": "KMSKeyId",
            "spill_bucket": "SpillBucket",
            "spill_prefix": "SpillPrefix",
        }

    def test_terraform_feeds_each_variable_from_the_same_parameter(self, cloudformation, terraform):
        """Of both functions."""
        text = template_text(TemplateFormat.TERRAFORM)
        for name, handler in (("connector", CONNECTOR), ("crawler", CRAWLER)):
            start = f'resource "aws_lambda_function" "{name}"'
            block = text.partition(start)[2].partition(f"var.{name}_environment")[0]
            block = block.partition("merge({")[2]
            written = dict(re.findall(r"(\w+)\s+= (?:tostring\()?(?:var|local)\.(\w+)", block))
            given = function(cloudformation, handler)["Environment"]["Variables"]

            expected = {
                name: snake(value["Ref"]) if "Ref" in value else "secret"
                for name, value in given.items()
            }
            assert written == expected

    @pytest.mark.parametrize("handler", [CONNECTOR, CRAWLER])
    def test_runtime_and_processor(self, cloudformation, handler):
        """The runtime is the one that packages are built for."""
        found = function(cloudformation, handler)

        assert found["Runtime"] == "python3.12"
        assert found["Architectures"] == [{"Ref": "Architecture"}]
        assert cloudformation["Parameters"]["Architecture"]["AllowedValues"] == ["x86_64", "arm64"]

    def test_athena_is_given_the_connector(self, cloudformation):
        """One function for metadata and records."""
        (catalog,) = resources(cloudformation, "AWS::Athena::DataCatalog").values()

        assert catalog["Type"] == "LAMBDA"
        assert catalog["Parameters"] == {"function": {"Fn::GetAtt": ["ConnectorFunction", "Arn"]}}


def statements(template: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return what is granted, by the resource that grants it."""
    found = {
        name: [
            statement
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        for name, role in resources(template, "AWS::IAM::Role").items()
    }
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name, policy in resources(template, kind).items():
            found[name] = policy["PolicyDocument"]["Statement"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(granted: list[dict[str, Any]]) -> set[str]:
    return {action for statement in granted for action in listed(statement["Action"])}


def texts(value: Any) -> list[str]:
    """Return every text in a value, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [str(value)]


def resolved(value: Any, known: dict[str, str]) -> Any:
    """Return what AWS makes of a value with these parameters."""
    if isinstance(value, list):
        return [resolved(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    ((name, given),) = value.items()
    if name == "Ref":
        return known[given]
    if name == "Fn::Sub":
        text, more = given if isinstance(given, list) else (given, {})
        own = known | {key: resolved(item, known) for key, item in more.items()}
        return re.sub(r"\$\{([^}]+)\}", lambda found: own[found[1]], text)
    first, second = resolved(given, known)
    return {"Fn::Select": lambda: second[int(first)], "Fn::Split": lambda: second.split(first)}[
        name
    ]()


PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
}
OWN_SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
OTHER_SECRET = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:lark/app-AbCdEf"
CHINESE_SECRET = "arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:lark-app-AbCdEf"

LOGS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
SECRET = {"secretsmanager:GetSecretValue"}


class TestPermissions:
    """A role may do what its function does."""

    def test_what_is_granted(self, cloudformation):
        """In full."""
        granted = {name: actions(found) for name, found in statements(cloudformation).items()}

        assert granted == {
            "ConnectorRole": LOGS
            | SECRET
            | {f"glue:Get{what}" for what in ("Database", "Databases", "Table", "Tables")}
            | {"glue:GetPartition", "glue:GetPartitions"}
            | {f"s3:{what}Object" for what in ("Get", "Put", "Delete")}
            | {"s3:ListBucket", "s3:GetBucketLocation"},
            "CrawlerRole": LOGS
            | SECRET
            | {f"glue:{verb}Database" for verb in ("Create", "Delete", "Get", "Update")}
            | {f"glue:{verb}Table" for verb in ("Create", "Delete", "Get", "Update")}
            | {"glue:BatchDeleteTable", "glue:GetDatabases", "glue:GetTables"},
            "KMSPolicy": {"kms:GenerateDataKey", "kms:GenerateRandom"},
            "QueryTextPolicy": {"athena:GetQueryExecution"},
            "MetadataTablePolicy": {
                *("athena:GetQueryResults", "athena:StartQueryExecution"),
                *("athena:StopQueryExecution", "s3:GetBucketLocation", "s3:GetObject"),
                "s3:ListBucket",
            },
        }

    @pytest.mark.parametrize("form", ["cloudformation", "sam"])
    def test_every_resource_is_named(self, request, form):
        """No action stands for others, and only what has no resource is allowed on all."""
        template = request.getfixturevalue(form)
        for name, granted in statements(template).items():
            for statement in granted:
                where = f"{name}.{statement['Sid']}"
                assert [item for item in actions([statement]) if "*" in item] == [], where
                if actions([statement]) <= WITHOUT_RESOURCE:
                    continue
                arns = [text for text in texts(statement["Resource"]) if text.startswith("arn:")]
                assert "*" not in texts(statement["Resource"]), where
                if statement["Sid"] == "Secret":
                    continue  # see below
                assert arns, where
                assert all(arn.startswith("arn:${AWS::Partition}:") for arn in arns), where

    @pytest.mark.parametrize(
        ("secret", "arn"),
        [
            ("larkbase/lark-app", f"{OWN_SECRETS}larkbase/lark-app"),
            ("tarn", f"{OWN_SECRETS}tarn"),
            (f"{OWN_SECRETS}lark-app-AbCdEf", f"{OWN_SECRETS}lark-app-AbCdEf"),
            (OTHER_SECRET, OTHER_SECRET),
            (CHINESE_SECRET, CHINESE_SECRET),
        ],
    )
    def test_a_secret_is_granted_by_name_or_arn(self, cloudformation, secret, arn):
        """That of another account or region too; AWS adds six characters to a name."""
        for role in ("ConnectorRole", "CrawlerRole"):
            (statement,) = (
                row for row in statements(cloudformation)[role] if row["Sid"] == "Secret"
            )
            assert statement["Resource"]["Fn::If"][:2] == [
                "CreateSecret",
                [{"Ref": "LarkAppSecret"}],
            ]
            given = {**PSEUDO_PARAMETERS, "LarkAppSecretManager": secret}

            assert resolved(statement["Resource"]["Fn::If"][2], given) == [arn, f"{arn}-??????"]

    def test_terraform_grants_a_secret_in_the_same_way(self):
        """What a variable holds is an ARN, or a name of this account and region."""
        text = re.sub(r"\s+", " ", template_text(TemplateFormat.TERRAFORM))

        assert (
            'secret_arn = ( local.create_secret || startswith(var.lark_app_secret_manager, "arn:") '
            '? local.secret : "arn:${local.partition}:secretsmanager:${local.region}:'
            '${local.account}:secret:${var.lark_app_secret_manager}" )'
        ) in text
        assert (
            "secret_patterns = local.create_secret ? [local.secret_arn] "
            ': [local.secret_arn, "${local.secret_arn}-??????"]'
        ) in text
        assert text.count("resources = local.secret_patterns") == 2

    def test_each_function_has_a_role_of_its_own_that_lambda_alone_may_take(self, cloudformation):
        """Unless the operator gives one."""
        roles = {
            handler: function(cloudformation, handler)["Role"]["Fn::If"]
            for handler in (CONNECTOR, CRAWLER)
        }

        assert roles == {
            CONNECTOR: [
                "CreateConnectorRole",
                {"Fn::GetAtt": ["ConnectorRole", "Arn"]},
                {"Ref": "LambdaAthenaConnectorRole"},
            ],
            CRAWLER: [
                "CreateCrawlerRole",
                {"Fn::GetAtt": ["CrawlerRole", "Arn"]},
                {"Ref": "LambdaLarkBaseCrawlerRole"},
            ],
        }
        for role in resources(cloudformation, "AWS::IAM::Role").values():
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_terraform_grants_the_same(self, cloudformation, terraform):
        """Statement by statement, by their names."""
        expected = {
            statement["Sid"]: set(listed(statement["Action"]))
            for name, granted in statements(cloudformation).items()
            if name != "CrawlerRole"
            for statement in granted
        }
        documents = {
            name: body
            for block in terraform["data"]
            for kind, named in block.items()
            if kind == "aws_iam_policy_document"
            for name, body in named.items()
        }

        def granted(name: str) -> dict[str, set[str]]:
            body = documents[name]
            dynamic = [
                part for block in body.get("dynamic", []) for part in block["statement"]["content"]
            ]
            return {part["sid"]: set(part["actions"]) for part in [*body["statement"], *dynamic]}

        assert granted("connector") | granted("kms") == expected
        crawler = statements(cloudformation)["CrawlerRole"]
        assert granted("crawler") == {row["Sid"]: set(listed(row["Action"])) for row in crawler}
        text = template_text(TemplateFormat.TERRAFORM)
        assert re.findall(r"actions += (.*)\n.*\n +resources = \[\"\*\"\]", text) == [
            '["kms:GenerateRandom"]'
        ]
        assert text.count('"*"') == 1

    def test_what_the_code_calls_is_granted(self, cloudformation):
        """Operations of AWS by the names under which boto3 has them."""
        called = called_operations()
        granted = {
            action for found in statements(cloudformation).values() for action in actions(found)
        }

        assert {"get_tables", "batch_delete_table", "put_object", "generate_random"} <= set(called)
        assert {name for name, meant in called.items() if not meant & granted} == set()


def called_operations() -> dict[str, set[str]]:
    """Return the operations of AWS that the functions' code names, and as what IAM knows them."""
    server = Path(larkbase_server.__file__).parent
    folders = [Path(larkbase_sdk.__file__).parent / "catalog"]
    folders += [server / room for room in ("athena", "crawler", "protocol")]
    files = [server / "secrets.py", *(path for folder in folders for path in folder.rglob("*.py"))]
    named = {
        word
        for path in files
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for word in (getattr(node, "attr", None), getattr(node, "value", None))
        if isinstance(word, str)
    }
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        for operation in get_session().get_service_model(service).operation_names:
            name = xform_name(operation)
            # Names of one word, such as encrypt, are those of other things too.
            if name in named and "_" in name:
                found.setdefault(name, set()).add(f"{service}:{operation}")
    return found


class TestCommand:
    """``larkbase athena template`` prints them, and writes them where it is told."""

    @pytest.mark.parametrize("form", ["sam", "cloudformation", "terraform"])
    def test_it_goes_to_stdout_and_nothing_else_does(self, capfd, form):
        """So that it can be sent to a file."""
        code = main(["athena", "template", "--format", form])

        assert code == 0
        out, err = capfd.readouterr()
        assert out == template_text(TemplateFormat(form))
        assert err == ""

    def test_files_are_written_on_request(self, tmp_path, capfd):
        """A Terraform module is several."""
        code = main(["athena", "template", "--format", "terraform", "--out", str(tmp_path / "tf")])

        assert code == 0
        assert {
            path.name: path.read_text() for path in (tmp_path / "tf").iterdir()
        } == template_files(TemplateFormat.TERRAFORM)
        assert capfd.readouterr().out == ""

    def test_another_format_is_a_wrong_call(self, capfd):
        """And the three are named."""
        assert main(["athena", "template", "--format", "pulumi"]) == 2
        assert "terraform" in capfd.readouterr().err


def test_an_installed_copy_has_the_templates(tmp_path):
    """They are in the wheel."""
    from hatchling.builders.wheel import WheelBuilder

    root = Path(larkbase_sdk.__file__).parents[1]
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        inside = {
            name.removeprefix("larkbase_server/deploy/templates/"): archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith("larkbase_server/deploy/templates/")
        }

    assert set(inside) == {
        *("Dockerfile", "cloudformation.yaml"),
        *(f"terraform/{name}" for name in template_files(TemplateFormat.TERRAFORM)),
    }
    assert inside["cloudformation.yaml"] == template_text(TemplateFormat.CLOUDFORMATION)
