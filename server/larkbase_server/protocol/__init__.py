"""The wire format of Athena's federated queries, pure: no AWS, no Lark, no input or output.

- ``messages``: requests and responses from JSON and to JSON; ``versions``: in which serde version.
- ``discovery``, ``planning``, ``records``: the messages; ``identity``, ``splits``,
  ``capabilities``, ``constraints``, ``value_sets``, ``expressions``: what they hold.
- ``answers``: the answer with the rows of a split, inline or spilled; ``spiller`` and ``blocks``
  under it; ``spill`` and ``encryption``: the objects of spilled blocks.
- ``wire_batches``: record batches in Athena's types; ``supported_types``: which those are;
  ``typed_values``: Python values of them.
- ``errors``: what can go wrong here; ``faults``: the exceptions that Athena's users see.

The rest declares how members are read and written (``shape``, ``codecs``, ``arrow_codecs``).
"""
