"""What the AWS emulator promises to boto3, beyond what moto does by itself."""

from __future__ import annotations

import socket
import threading

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from larkbase_sdk.errors import ConfigurationError
from larkbase_server.local.aws_emulator import AwsEmulator, serve


@pytest.fixture
def glue(aws):
    """A Glue client, and a database ``sales`` without tables."""
    client = aws.client("glue")
    client.create_database(DatabaseInput={"Name": "sales"})
    return client


@pytest.fixture
def athena(aws):
    """An Athena client, and a bucket ``results`` for its output."""
    aws.client("s3").create_bucket(Bucket="results")
    return aws.client("athena")


@pytest.fixture
def start(athena):
    """Starts a query with its output in the bucket, and returns its id."""

    def start(sql, *parameters, **more):
        asked = {"ResultConfiguration": {"OutputLocation": "s3://results/athena/"}} | more
        if parameters:
            asked["ExecutionParameters"] = list(parameters)
        return athena.start_query_execution(QueryString=sql, **asked)["QueryExecutionId"]

    return start


@pytest.fixture
def status(athena):
    """Polls a query once and returns its status."""

    def poll(query_id):
        query = athena.get_query_execution(QueryExecutionId=query_id)
        return query["QueryExecution"]["Status"]

    return poll


@pytest.fixture
def run(athena, start, status):
    """Runs a query to its end and returns the rows of its result, or the reason of its failure."""

    def run(sql, *parameters, **more):
        query_id = start(sql, *parameters, **more)
        while (ended := status(query_id))["State"] in ("QUEUED", "RUNNING"):
            pass
        if ended["State"] == "FAILED":
            return ended["StateChangeReason"]
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        return [[cell.get("VarCharValue") for cell in row] for row in rows]

    return run


def table_input(name, comment=""):
    columns = [{"Name": "id", "Type": "string", "Comment": comment}]
    return {"Name": name, "StorageDescriptor": {"Columns": columns}}


def add_tables(glue, *names, database="sales"):
    for name in names:
        glue.create_table(DatabaseName=database, TableInput=table_input(name))


def table_names(glue, database="sales", **paging):
    pages = glue.get_paginator("get_tables").paginate(
        DatabaseName=database, PaginationConfig=paging
    )
    return [[table["Name"] for table in page["TableList"]] for page in pages]


def refused(call, **arguments):
    """Return code and text of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


class TestGluePages:
    def test_tables_come_in_pages_of_a_hundred(self, aws, glue):
        """A caller that forgets ``NextToken`` loses tables, as with the real service."""
        names = [f"t{number:03}" for number in range(205)]
        add_tables(glue, *reversed(names))

        pages = table_names(glue)

        assert pages == [names[:100], names[100:200], names[200:]]
        assert aws.calls.count("glue", "GetTables") == 3

    def test_max_results_sets_the_size_of_the_pages(self, glue):
        """Smaller pages can be asked for."""
        add_tables(glue, "a", "b", "c")

        assert table_names(glue, PageSize=2) == [["a", "b"], ["c"]]

    def test_more_than_a_hundred_tables_a_page_are_refused(self, glue):
        """The limit of the service is an error, not a silent cut."""
        code, text = refused(glue.get_tables, DatabaseName="sales", MaxResults=101)

        assert code == "ValidationException"
        assert "'101' at 'maxResults'" in text
        assert "less than or equal to 100" in text

    def test_databases_come_in_pages_too(self, glue):
        """Two pages hold all databases once."""
        for name in ("crm", "stock"):
            glue.create_database(DatabaseInput={"Name": name})
        pages = glue.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 2})

        names = [[found["Name"] for found in page["DatabaseList"]] for page in pages]

        assert names == [["crm", "sales"], ["stock"]]

    def test_versions_of_a_table_come_in_pages_too(self, glue):
        """Two pages hold all versions once."""
        add_tables(glue, "orders")
        for comment in ("two", "three"):
            glue.update_table(DatabaseName="sales", TableInput=table_input("orders", comment))
        pages = glue.get_paginator("get_table_versions").paginate(
            DatabaseName="sales", TableName="orders", PaginationConfig={"PageSize": 2}
        )

        versions = [[found["VersionId"] for found in page["TableVersions"]] for page in pages]

        assert versions == [["1", "2"], ["3"]]

    def test_a_page_is_right_when_tables_went_meanwhile(self, glue):
        """Tables of the first page may be deleted before the second is read."""
        add_tables(glue, "a", "b", "c", "d")
        first = glue.get_tables(DatabaseName="sales", MaxResults=2)
        glue.batch_delete_table(DatabaseName="sales", TablesToDelete=["a", "b"])

        second = glue.get_tables(DatabaseName="sales", NextToken=first["NextToken"])

        assert [table["Name"] for table in second["TableList"]] == ["c", "d"]
        assert "NextToken" not in second

    @pytest.mark.parametrize("token", ["nonsense", "bm8=", "¡"])
    def test_an_invented_token_is_refused(self, glue, token):
        """Only tokens that were handed out lead on."""
        code, _ = refused(glue.get_tables, DatabaseName="sales", NextToken=token)

        assert code == "InvalidInputException"

    def test_a_token_of_another_database_is_refused(self, glue):
        """A token cannot be mixed up between lists."""
        glue.create_database(DatabaseInput={"Name": "crm"})
        add_tables(glue, "a", "b")
        token = glue.get_tables(DatabaseName="sales", MaxResults=1)["NextToken"]

        code, _ = refused(glue.get_tables, DatabaseName="crm", NextToken=token)

        assert code == "InvalidInputException"

    def test_the_tables_of_an_unknown_database_are_an_error(self, glue):
        """Moto's own errors come through."""
        assert refused(glue.get_tables, DatabaseName="crm")[0] == "EntityNotFoundException"


class TestGlueLimits:
    def test_a_comment_may_have_255_characters(self, glue):
        """The longest comment is kept whole."""
        glue.create_table(DatabaseName="sales", TableInput=table_input("orders", "客" * 255))

        table = glue.get_table(DatabaseName="sales", Name="orders")["Table"]

        assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "客" * 255

    def test_a_longer_comment_is_refused_by_its_place(self, glue):
        """The error tells which column it is."""
        code, text = refused(
            glue.create_table, DatabaseName="sales", TableInput=table_input("orders", "x" * 256)
        )

        assert code == "ValidationException"
        assert "at 'tableInput.storageDescriptor.columns.1.member.comment'" in text
        assert text.endswith("Member must have length less than or equal to 255")

    def test_a_comment_of_two_lines_is_refused(self, glue):
        """Comments are single lines."""
        code, text = refused(
            glue.create_table, DatabaseName="sales", TableInput=table_input("orders", "a\nb")
        )

        assert code == "ValidationException"
        assert "regular expression pattern" in text

    def test_characters_beyond_the_basic_plane_are_allowed(self, glue):
        """An emoji is one character like any other."""
        glue.create_table(DatabaseName="sales", TableInput=table_input("orders", "📦 sent"))

        table = glue.get_table(DatabaseName="sales", Name="orders")["Table"]

        assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "📦 sent"

    @pytest.mark.parametrize(
        ("given", "limit"),
        [({"Name": "n" * 256}, 255), ({"Name": "crm", "Description": "d" * 2049}, 2048)],
        ids=["name", "description"],
    )
    def test_long_names_and_descriptions_are_refused(self, glue, given, limit):
        """Each text has the limit that the API reference gives it."""
        code, text = refused(glue.create_database, DatabaseInput=given)

        assert code == "ValidationException"
        assert text.endswith(f"less than or equal to {limit}")

    def test_names_are_kept_in_lower_case(self, glue):
        """Two spellings are one table."""
        add_tables(glue, "Orders", database="SALES")

        assert table_names(glue) == [["orders"]]
        assert refused(
            glue.create_table, DatabaseName="sales", TableInput=table_input("ORDERS")
        ) == ("AlreadyExistsException", "Table already exists.")

    def test_a_batch_deletes_a_hundred_tables_at_most(self, glue):
        """The 101st is one too many."""
        names = [f"t{number}" for number in range(101)]

        code, text = refused(glue.batch_delete_table, DatabaseName="sales", TablesToDelete=names)

        assert code == "ValidationException"
        assert "at 'tablesToDelete'" in text

    def test_a_batch_reports_its_errors_table_by_table(self, aws, glue):
        """The other tables of the batch are deleted."""
        add_tables(glue, "a", "b", "c")
        aws.glue.fail_delete("b", "AccessDeniedException", "not yours")

        answer = glue.batch_delete_table(DatabaseName="sales", TablesToDelete=["a", "B", "gone"])

        errors = {error["TableName"]: error["ErrorDetail"] for error in answer["Errors"]}
        assert errors["b"] == {"ErrorCode": "AccessDeniedException", "ErrorMessage": "not yours"}
        assert errors["gone"]["ErrorCode"] == "EntityNotFoundException"
        assert len(errors) == 2
        assert table_names(glue) == [["b", "c"]]


class TestGlueVersions:
    def test_an_update_keeps_the_version_before(self, glue):
        """The history can be read."""
        add_tables(glue, "orders")
        glue.update_table(DatabaseName="sales", TableInput=table_input("orders", "new"))

        old = glue.get_table_version(DatabaseName="sales", TableName="orders", VersionId="1")

        columns = old["TableVersion"]["Table"]["StorageDescriptor"]["Columns"]
        assert columns[0]["Comment"] == ""
        assert glue.get_table(DatabaseName="sales", Name="orders")["Table"]["VersionId"] == "2"

    def test_skip_archive_drops_the_version_before(self, glue):
        """Who skips the archive has no history."""
        add_tables(glue, "orders")
        glue.update_table(
            DatabaseName="sales", TableInput=table_input("orders", "new"), SkipArchive=True
        )

        versions = glue.get_table_versions(DatabaseName="sales", TableName="orders")

        assert [found["VersionId"] for found in versions["TableVersions"]] == ["2"]

    def test_an_update_of_an_old_version_is_refused(self, glue):
        """Two writers cannot overwrite each other when they name the version they read."""
        add_tables(glue, "orders")
        asked = {"DatabaseName": "sales", "TableInput": table_input("orders"), "VersionId": "1"}
        glue.update_table(**asked)

        assert refused(glue.update_table, **asked)[0] == "ConcurrentModificationException"

    def test_an_update_of_an_unknown_table_is_an_error(self, glue):
        """An update makes nothing."""
        code, _ = refused(glue.update_table, DatabaseName="sales", TableInput=table_input("orders"))

        assert code == "EntityNotFoundException"

    def test_one_of_many_writers_makes_a_table(self, aws, glue):
        """The others learn that it is there."""
        results = []

        def create():
            try:
                add_tables(glue, "orders")
                results.append("made")
            except glue.exceptions.AlreadyExistsException:
                results.append("there")

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(results) == ["made", *["there"] * 7]


class TestFaults:
    def test_a_fault_hits_as_often_as_ordered(self, aws, glue):
        """After that the service answers again."""
        aws.fail("glue", "GetTables", "ThrottlingException", times=2, message="Rate exceeded")

        errors = [refused(glue.get_tables, DatabaseName="sales") for _ in range(2)]

        assert errors == [("ThrottlingException", "Rate exceeded")] * 2
        assert glue.get_tables(DatabaseName="sales")["TableList"] == []

    def test_a_fault_can_wait_for_a_later_call(self, aws, glue):
        """The second page can be the one that fails."""
        add_tables(glue, "a", "b")
        aws.fail("glue", "GetTables", "AccessDeniedException", after=1)

        assert refused(table_names, glue=glue, PageSize=1)[0] == "AccessDeniedException"

    def test_a_write_that_was_refused_changed_nothing(self, aws, glue):
        """A fault comes before the service."""
        aws.fail("glue", "CreateTable", "InternalServiceException", status=500)

        code, _ = refused(glue.create_table, DatabaseName="sales", TableInput=table_input("a"))

        assert code == "InternalServiceException"
        assert table_names(glue) == [[]]

    @pytest.mark.parametrize(
        ("service", "operation", "arguments"),
        [
            ("secretsmanager", "GetSecretValue", {"SecretId": "lark"}),
            ("kms", "GenerateDataKey", {"KeyId": "key", "KeySpec": "AES_256"}),
            ("athena", "GetQueryExecution", {"QueryExecutionId": "q"}),
            ("sts", "GetCallerIdentity", {}),
            ("s3", "PutObject", {"Bucket": "spill", "Key": "a/b", "Body": b"x" * 100_000}),
            ("s3", "ListObjectsV2", {"Bucket": "spill"}),
        ],
    )
    def test_every_service_can_be_made_to_refuse(self, aws, service, operation, arguments):
        """The error comes in the form that the service's clients read."""
        aws.fail(service, operation, "AccessDenied", message="no <entry>", status=403, times=None)
        client = aws.client(service)

        error = refused(lambda: client._make_api_call(operation, arguments))

        assert error == ("AccessDenied", "no <entry>")

    def test_a_refused_head_of_an_object_has_its_status(self, aws):
        """S3 sends no text with a refused HEAD."""
        aws.fail("s3", "HeadObject", "AccessDenied", status=403)

        assert refused(aws.client("s3").head_object, Bucket="spill", Key="a") == (
            "403",
            "Forbidden",
        )

    def test_a_fault_of_an_unknown_operation_is_a_mistake(self, aws):
        """A slip of the pen does not end as a fault that never happens."""
        with pytest.raises(ConfigurationError, match="no operation 'get_tables'"):
            aws.fail("glue", "get_tables", "ThrottlingException")


class TestCalls:
    def test_calls_are_kept_with_what_was_asked(self, aws, glue):
        """Tests can count them and look at them."""
        glue.get_tables(DatabaseName="sales", MaxResults=7)

        call = aws.calls.named("glue", "GetTables")[0]

        assert dict(call.parameters) == {"DatabaseName": "sales", "MaxResults": 7}
        assert repr(aws.calls) == "Calls(glue.CreateDatabase 1, glue.GetTables 1)"

    def test_writes_are_told_from_reads(self, aws, glue):
        """A test can prove that nothing was written."""
        aws.calls.clear()
        glue.get_databases()
        glue.get_tables(DatabaseName="sales")
        assert aws.calls.writes("glue") == []

        add_tables(glue, "orders")

        assert [call.operation for call in aws.calls.writes("glue")] == ["CreateTable"]

    def test_the_operations_of_s3_and_sts_have_names(self, aws):
        """They are told from the form of the request."""
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="spill")
        s3.put_object(Bucket="spill", Key="a/b", Body=b"x")
        s3.get_object(Bucket="spill", Key="a/b")["Body"].read()
        s3.list_objects_v2(Bucket="spill")
        s3.delete_object(Bucket="spill", Key="a/b")
        aws.client("sts").get_caller_identity()

        names = ["CreateBucket", "PutObject", "GetObject", "ListObjectsV2", "DeleteObject"]
        assert [call.operation for call in aws.calls.named("s3")] == names
        assert aws.calls.named("s3", "GetObject")[0].parameters == {"Bucket": "spill", "Key": "a/b"}
        assert aws.calls.count("sts", "GetCallerIdentity") == 1

    def test_secrets_do_not_show_in_the_calls(self, aws):
        """The text of a call carries no parameters."""
        aws.client("secretsmanager").create_secret(Name="lark", SecretString="s3cr3t-value")

        assert "s3cr3t-value" not in repr(aws.calls.list)


CATALOGUE = [
    {"database_name": "crm", "table_name": "orders", "lark_base_id": "bas1", "lark_table_id": "t1"},
    {"database_name": "crm", "table_name": "o'neil", "lark_base_id": "bas2", "lark_table_id": None},
]
LOOK_UP = (
    'SELECT lark_base_id, lark_table_id FROM "lark_base"."metadata_catalog" '
    "WHERE database_name = ? AND table_name = ?"
)


class TestAthenaAnswers:
    @pytest.fixture(autouse=True)
    def _catalogue(self, aws):
        aws.athena.table("lark_base", "metadata_catalog", CATALOGUE)

    def test_a_select_with_parameters_is_really_answered(self, run):
        """The first row holds the names of the columns, as Athena gives them."""
        assert run(LOOK_UP, "'crm'", "'orders'") == [
            ["lark_base_id", "lark_table_id"],
            ["bas1", "t1"],
        ]

    def test_doubled_quotes_are_one_quote_and_null_is_no_text(self, run):
        """A name with a quote finds its row."""
        assert run(LOOK_UP, "'crm'", "'o''neil'")[1:] == [["bas2", None]]

    def test_nothing_found_leaves_only_the_names(self, run):
        """An empty result has its header."""
        assert run(LOOK_UP, "'crm'", "'nobody'") == [["lark_base_id", "lark_table_id"]]

    @pytest.mark.parametrize(
        ("parameter", "reason"),
        [
            ("orders", "COLUMN_NOT_FOUND: Column 'orders' cannot be resolved"),
            ('"orders"', "COLUMN_NOT_FOUND: Column '\"orders\"' cannot be resolved"),
            ("'o'neil'", "SYNTAX_ERROR: The execution parameter 'o'neil' is not valid SQL"),
            ("'x' OR 1 = 1", "SYNTAX_ERROR: The execution parameter 'x' OR 1 = 1 is not a literal"),
            ("'x' --", "TEXT"),
        ],
    )
    def test_a_parameter_must_be_one_literal(self, run, parameter, reason):
        """Text without quotes, or more than text, fails the query instead of changing it."""
        found = run(LOOK_UP, "'crm'", parameter)

        assert found == ([["lark_base_id", "lark_table_id"]] if reason == "TEXT" else reason)

    def test_every_question_mark_needs_a_parameter(self, run):
        """One of two is too few."""
        reason = "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 2 but found 1"

        assert run(LOOK_UP, "'crm'") == reason

    def test_a_question_mark_in_text_or_comment_is_no_parameter(self, run):
        """Only real placeholders count."""
        assert run("SELECT '?' AS mark /* ? */, ? AS given -- ?", "-1.5") == [
            ["mark", "given"],
            ["?", "-1.5"],
        ]

    def test_names_may_be_qualified_or_come_from_the_context(self, run):
        """Catalogue, database and letter case are free where Athena leaves them free."""
        counted = [["n"], ["2"]]

        assert run('SELECT count(*) n FROM "awsdatacatalog".LARK_BASE.Metadata_Catalog') == counted
        assert (
            run(
                "WITH q AS (SELECT * FROM metadata_catalog) SELECT count(*) n FROM q",
                QueryExecutionContext={"Database": "lark_base"},
            )
            == counted
        )

    def test_columns_may_name_their_table(self, run):
        """Qualified columns and aliases work."""
        sql = (
            "SELECT m.lark_base_id FROM lark_base.metadata_catalog AS m "
            "JOIN lark_base.metadata_catalog ON m.table_name = metadata_catalog.table_name "
            "WHERE lark_base.metadata_catalog.lark_table_id IS NULL"
        )

        assert run(sql) == [["lark_base_id"], ["bas2"]]

    @pytest.mark.parametrize(
        ("sql", "reason"),
        [
            (
                "SELECT * FROM lark_base.nothing",
                "TABLE_NOT_FOUND: Table 'awsdatacatalog.lark_base.nothing' does not exist",
            ),
            ("SELECT * FROM nobody.nothing", "SCHEMA_NOT_FOUND: Schema 'nobody' does not exist"),
            ("SELECT * FROM x.y.z", "CATALOG_NOT_FOUND: Catalog 'x' does not exist"),
        ],
    )
    def test_unknown_tables_fail_the_query(self, run, sql, reason):
        """The reason has Athena's code."""
        assert run(sql) == reason

    def test_unknown_columns_fail_the_query(self, run):
        """A column that is not there is named."""
        reason = run("SELECT nothing FROM lark_base.metadata_catalog")

        assert reason.startswith("COLUMN_NOT_FOUND")
        assert '"nothing"' in reason

    def test_files_of_this_machine_cannot_be_read(self, run):
        """A query reads the tables that it was given, and nothing else."""
        assert "disabled by configuration" in run("SELECT * FROM read_csv('/etc/hostname')")

    @pytest.mark.parametrize("sql", ["SELECT * FROM", "SELECT 1; SELECT 2", "SELECT 'open"])
    def test_malformed_sql_is_refused_at_the_start(self, start, sql):
        """No query comes into being."""
        assert refused(start, sql=sql)[0] == "InvalidRequestException"

    def test_a_function_may_answer_instead(self, aws, run):
        """It sees text and parameters, and may leave a query to the tables."""
        seen = []

        def answer(sql, parameters):
            seen.append((sql, parameters))
            return (["tab_name"], [["orders"]]) if sql.startswith("SHOW") else None

        aws.athena.answer(answer)

        assert run("SHOW TABLES IN lark_base") == [["orders"]]
        assert run(LOOK_UP, "'crm'", "'orders'")[1:] == [["bas1", "t1"]]
        assert seen == [
            ("SHOW TABLES IN lark_base", ()),
            (LOOK_UP, ("'crm'", "'orders'")),
        ]

    def test_a_function_that_answers_may_ask_athena_itself(self, aws, athena, run):
        """A local engine behind it finds the text of another running query."""
        other = aws.athena.start_running("SELECT 1")

        def answer(sql, parameters):
            found = athena.get_query_execution(QueryExecutionId=other)["QueryExecution"]
            return ["text"], [[found["Query"]]]

        aws.athena.answer(answer)

        assert run("SELECT 2") == [["text"], ["SELECT 1"]]

    def test_other_statements_fail_when_nobody_answers_them(self, run):
        """The emulator does not pretend."""
        assert run("SHOW TABLES IN lark_base").startswith("NOT_SUPPORTED")

    def test_an_empty_table_has_its_columns(self, aws, run):
        """Columns can be given where no row shows them."""
        aws.athena.table("lark_base", "metadata_catalog", [], columns=["table_name"])

        assert run("SELECT * FROM lark_base.metadata_catalog WHERE table_name = 'x'") == [
            ["table_name"]
        ]


class TestAthenaStates:
    def test_a_query_is_queued_then_runs_then_succeeds(self, start, status):
        """Each poll sees it a step further."""
        query_id = start("SELECT 1 AS one")

        states = [status(query_id)["State"] for _ in range(4)]

        assert states == ["QUEUED", "RUNNING", "SUCCEEDED", "SUCCEEDED"]

    def test_a_query_can_take_longer(self, aws, start, status):
        """Polls and seconds are both waited for."""
        aws.athena.outcome(polls=4)
        longer = start("SELECT 1 AS a")
        states = [status(longer)["State"] for _ in range(5)]
        assert states == ["QUEUED", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"]
        aws.athena.outcome(polls=0, seconds=3600)

        slow = start("SELECT 2 AS b")

        assert [status(slow)["State"] for _ in range(3)] == ["QUEUED", "RUNNING", "RUNNING"]

    @pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
    def test_a_query_can_end_badly(self, aws, athena, start, status, state):
        """Its reason is told, and it has no results."""
        aws.athena.outcome(state, "Query exhausted resources", polls=0)
        query_id = start("SELECT 1 AS one")

        ended = status(query_id)

        assert (ended["State"], ended["StateChangeReason"]) == (state, "Query exhausted resources")
        assert refused(athena.get_query_results, QueryExecutionId=query_id) == (
            "InvalidRequestException",
            f"Query did not finish successfully. Final query state: {state}",
        )

    def test_results_have_to_wait_for_the_end(self, athena, start):
        """Who does not poll gets an error."""
        code, text = refused(athena.get_query_results, QueryExecutionId=start("SELECT 1 AS one"))

        assert code == "InvalidRequestException"
        assert text == "Query has not yet finished. Current state: QUEUED"

    def test_a_stopped_query_is_cancelled(self, aws, athena, start, status):
        """It stays so, and the stop is on record."""
        query_id = start("SELECT 1 AS one")

        athena.stop_query_execution(QueryExecutionId=query_id)

        assert [status(query_id)["State"] for _ in range(3)] == ["CANCELLED"] * 3
        assert [query.state for query in aws.athena.queries] == ["CANCELLED"]
        assert aws.calls.count("athena", "StopQueryExecution") == 1

    def test_a_stop_after_the_end_changes_nothing(self, aws, athena, start, status):
        """What succeeded has succeeded."""
        aws.athena.outcome(polls=0)
        query_id = start("SELECT 1 AS one")
        assert status(query_id)["State"] == "SUCCEEDED"

        athena.stop_query_execution(QueryExecutionId=query_id)

        assert status(query_id)["State"] == "SUCCEEDED"

    @pytest.mark.parametrize(
        "operation", ["get_query_execution", "get_query_results", "stop_query_execution"]
    )
    def test_an_unknown_query_is_the_callers_error(self, athena, operation):
        """Status 400, so that clients do not retry."""
        call = getattr(athena, operation)
        with pytest.raises(athena.exceptions.InvalidRequestException) as caught:
            call(QueryExecutionId="nothing")

        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert caught.value.response["Error"]["Message"] == ("QueryExecution nothing was not found")

    def test_the_text_of_a_running_query_can_be_read(self, aws, athena, status):
        """Letter case and blanks are those of the one who wrote it."""
        sql = 'SELECT *\nFROM "lark_base"."BasXy"."tblAb"'

        query_id = aws.athena.start_running(sql)

        described = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        assert described["Query"] == sql
        assert described["StatementType"] == "DML"
        assert [status(query_id)["State"] for _ in range(3)] == ["RUNNING"] * 3

    def test_a_query_of_a_connectors_catalogue_stays_running(self, athena, start, status):
        """Its function answers it, not the emulator."""
        function = "arn:aws:lambda:us-east-1:123456789012:function:lark"
        athena.create_data_catalog(Name="lark", Type="LAMBDA", Parameters={"function": function})

        query_id = start('SELECT * FROM "lark"."crm"."orders"')

        assert [status(query_id)["State"] for _ in range(4)] == ["QUEUED", *["RUNNING"] * 3]

    def test_queries_are_listed_newest_first(self, athena, start):
        """As the console shows them."""
        ids = [start(f"SELECT {number} AS n") for number in range(2)]

        assert athena.list_query_executions()["QueryExecutionIds"] == ids[::-1]

    def test_a_repeated_start_is_one_query(self, aws, start):
        """A client that lost the answer may ask again with its token."""
        token = "t" * 32

        assert start("SELECT 1 AS a", ClientRequestToken=token) == start(
            "SELECT 1 AS a", ClientRequestToken=token
        )
        assert len(aws.athena.queries) == 1
        assert refused(start, sql="SELECT 2 AS b", ClientRequestToken=token) == (
            "InvalidRequestException",
            "Idempotent parameters do not match",
        )


class TestAthenaResults:
    def test_results_come_in_pages_after_one_row_of_names(self, aws, athena, run):
        """The names count as a row of the first page only."""
        aws.athena.table("crm", "numbers", [{"n": number} for number in range(2500)])

        rows = run("SELECT n FROM crm.numbers ORDER BY n")

        assert rows == [["n"], *([str(number)] for number in range(2500))]
        assert aws.calls.count("athena", "GetQueryResults") == 3

    def test_an_invented_token_is_refused(self, aws, athena, start, status):
        """Only tokens that were handed out lead on."""
        aws.athena.outcome(polls=0)
        query_id = start("SELECT 1 AS one")
        status(query_id)

        code, _ = refused(athena.get_query_results, QueryExecutionId=query_id, NextToken="abc")

        assert code == "InvalidRequestException"

    def test_values_are_written_as_athena_writes_them(self, aws, run):
        """Booleans in lower case, times with a blank and milliseconds."""
        sql = (
            "SELECT true AS yes, CAST(NULL AS varchar) AS nothing, DATE '2025-03-01' AS day, "
            "TIMESTAMP '2025-03-01 10:20:30.5' AS moment, 12345678901 AS big"
        )

        assert run(sql)[1] == ["true", None, "2025-03-01", "2025-03-01 10:20:30.500", "12345678901"]

    def test_columns_have_names_and_types(self, aws, athena, start, status):
        """The metadata describes the result."""
        aws.athena.outcome(polls=0)
        query_id = start("SELECT 'a' AS name, CAST(1 AS bigint) AS n")
        status(query_id)

        results = athena.get_query_results(QueryExecutionId=query_id)

        columns = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        assert [(column["Name"], column["Type"]) for column in columns] == [
            ("name", "varchar"),
            ("n", "bigint"),
        ]

    def test_the_result_lies_in_the_output_location(self, aws, athena, run):
        """Every text in quotes, nothing at all for NULL."""
        run("SELECT 'a \"b\"' AS name, CAST(NULL AS varchar) AS nothing")
        query = aws.athena.queries[0]

        described = athena.get_query_execution(QueryExecutionId=query.id)["QueryExecution"]

        location = described["ResultConfiguration"]["OutputLocation"]
        assert location == f"s3://results/athena/{query.id}.csv"
        stored = aws.client("s3").get_object(Bucket="results", Key=f"athena/{query.id}.csv")
        assert stored["Body"].read() == b'"name","nothing"\n"a ""b""",\n'

    def test_a_query_needs_an_output_location(self, athena):
        """Neither the caller nor the work group gave one."""
        code, text = refused(athena.start_query_execution, QueryString="SELECT 1 AS one")

        assert code == "InvalidRequestException"
        assert text.startswith("No output location provided.")

    def test_the_work_group_can_give_the_output_location(self, athena, start):
        """Its location wins where it enforces its settings."""
        configuration = {"ResultConfiguration": {"OutputLocation": "s3://results/group"}}
        athena.create_work_group(Name="lark", Configuration=configuration)

        query_id = start("SELECT 1 AS one", WorkGroup="lark")

        described = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        location = described["ResultConfiguration"]["OutputLocation"]
        assert location == f"s3://results/group/{query_id}.csv"

    @pytest.mark.parametrize(
        ("asked", "reason"),
        [
            (
                {"ResultConfiguration": {"OutputLocation": "s3://nowhere/"}},
                "Unable to verify/create output bucket nowhere",
            ),
            (
                {"ResultConfiguration": {"OutputLocation": "/tmp/results"}},
                "outputLocation is not a valid S3 path: /tmp/results",
            ),
            ({"WorkGroup": "nobody"}, "WorkGroup nobody is not found."),
        ],
    )
    def test_wrong_settings_are_refused_at_the_start(self, start, asked, reason):
        """The reason names what is wrong."""
        assert refused(start, sql="SELECT 1 AS one", **asked) == ("InvalidRequestException", reason)


class TestMotoServices:
    def test_plain_boto3_finds_the_emulator_through_the_environment(self, aws):
        """Code under test needs no special client."""
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"

    def test_a_data_key_can_be_decrypted(self, aws):
        """KMS works as the spill needs it."""
        kms = aws.client("kms")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]

        key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")

        assert len(key["Plaintext"]) == 32
        assert kms.decrypt(CiphertextBlob=key["CiphertextBlob"])["Plaintext"] == key["Plaintext"]

    def test_objects_and_secrets_are_kept(self, aws):
        """S3 and Secrets Manager work as moto gives them."""
        s3, secrets = aws.client("s3"), aws.client("secretsmanager")
        s3.create_bucket(Bucket="spill")
        s3.put_object(Bucket="spill", Key="客户/a b", Body=b"x" * 3_000_000)
        secrets.create_secret(Name="lark", SecretString="{}")

        assert s3.get_object(Bucket="spill", Key="客户/a b")["Body"].read() == b"x" * 3_000_000
        assert secrets.get_secret_value(SecretId="lark")["SecretString"] == "{}"


class TestServer:
    def test_a_reset_empties_everything(self, aws, glue):
        """Data, faults, calls, tables and queries are gone."""
        aws.fail("glue", "GetDatabases", "ThrottlingException")
        aws.athena.table("lark_base", "metadata_catalog", CATALOGUE)
        aws.athena.start_running("SELECT 1")

        aws.reset()

        assert glue.get_databases()["DatabaseList"] == []
        assert aws.athena.queries == ()
        assert aws.calls.count("glue") == 1

    def test_a_stopped_emulator_leaves_nothing_behind(self):
        """Its port is free and its server thread has ended, also when it is stopped twice."""

        def serving():
            return {thread for thread in threading.enumerate() if thread.name == "aws-emulator"}

        before = serving()
        emulator = AwsEmulator()
        port = int(emulator.url.rpartition(":")[2])
        emulator.client("glue").get_databases()
        assert len(serving() - before) == 1

        emulator.stop()
        emulator.stop()

        assert serving() == before
        with AwsEmulator(port) as second:
            assert second.url == emulator.url

    def test_a_taken_port_is_a_configuration_error(self):
        """The message names the port."""
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(ConfigurationError, match=f"127.0.0.1 port {taken.getsockname()[1]}"),
        ):
            AwsEmulator(taken.getsockname()[1])

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::"])
    def test_other_machines_cannot_be_let_in(self, host):
        """The emulator accepts any credentials, so it stays on this machine."""
        with pytest.raises(ConfigurationError, match="this machine only"):
            AwsEmulator(host=host)

    @pytest.mark.parametrize(
        "headers", [{"Origin": "https://pages.example"}, {"Host": "pages.example"}]
    )
    @pytest.mark.parametrize("path", ["/", "/moto-api/data.json", "/results/rows.csv"])
    def test_pages_of_the_web_are_refused(self, aws, path, headers):
        """A browser lets every page call this machine; secrets and rows are not for them."""
        for method in ("GET", "POST", "OPTIONS"):
            answer = requests.request(method, aws.url + path, headers=headers, timeout=10)
            assert answer.status_code == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert aws.calls.list == []

    def test_serve_announces_itself_and_runs_until_it_is_stopped(self):
        """The command line shows the address and blocks."""
        seen = []

        def announce(emulator):
            client = emulator.client("sts")
            seen.append((emulator.url, client.get_caller_identity()["Account"]))
            emulator.stop()

        serve(0, announce=announce)

        assert [(url.rpartition(":")[0], account) for url, account in seen] == [
            ("http://127.0.0.1", "123456789012")
        ]
