-- wrk script for one thread: posts the bodies in the file $BODIES, in order;
-- from the start again only when there are none left.
local bodies, at = {}, 0
function init()
   for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
end
function request()
   at = at % #bodies + 1
   return wrk.format("POST", "/mempool/add/tx", {["Content-Type"] = "application/json"}, bodies[at])
end
