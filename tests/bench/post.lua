-- wrk script: each thread posts its own share of the bodies in $BODIES, once each.
local threads = 0
function setup(thread)
   thread:set("id", threads)
   threads = threads + 1
end
function init()
   bodies = {}
   local n = 0
   for line in io.lines(os.getenv("BODIES")) do
      if n % tonumber(os.getenv("THREADS")) == id then bodies[#bodies + 1] = line end
      n = n + 1
   end
   at = 0
end
function request()
   at = at % #bodies + 1
   return wrk.format("POST", "/mempool/add/tx", {["Content-Type"] = "application/json"}, bodies[at])
end
