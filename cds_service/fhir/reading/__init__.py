"""FHIR R4 -> Chart: what the resources of one record say, in the words of the medicine."""
