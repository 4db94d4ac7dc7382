-- Sends each radiograph that arrives (CR, and DX for presentation) to the node that is called "pneumonia" among
-- DicomModalities. What the node sends back is neither, so it does not go round in circles.
local radiographs = {
  ["1.2.840.10008.5.1.4.1.1.1"] = true,
  ["1.2.840.10008.5.1.4.1.1.1.1"] = true
}

function OnStoredInstance(instanceId, tags, metadata, origin)
  if radiographs[tags["SOPClassUID"]] or radiographs[metadata["SopClassUid"]] then
    SendToModality(instanceId, "pneumonia")
  end
end
