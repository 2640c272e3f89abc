#include "producer/gateway/message.h"

#include <utility>

#include "schemas/plain_json.h"

namespace farm::gateway {

Reply refusal(int status, std::string_view detail) {
  Object body;
  body.set("detail", text(detail));
  Reply reply = json_reply(body.take());
  reply.status = status;
  return reply;
}

Reply json_reply(const Value& body) {
  Reply reply;
  reply.body = encode_plain_json(body);
  return reply;
}

}  // namespace farm::gateway
