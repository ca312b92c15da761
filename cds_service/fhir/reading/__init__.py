"""FHIR R4 -> Chart: what the resources of one record say, in clinical terms."""
