// What the server reads and writes on the wire, as the messages of the routes. Part of the server:
// it knows Beast's types, and no socket. Pure.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>

#include "producer/gateway/message.h"

namespace farm::gateway {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

Request request_of(HttpRequest message);
HttpResponse response_of(Reply reply, bool keep_alive, bool is_head);

// Whether it shows the token, which an empty one and a GET of /v1/ping or /healthz
// without a body need not.
bool is_allowed(const HttpRequest& message, const std::string& token);

// 504: a body found no room.
Reply no_room();

// What is wrong with bytes that are no request, with a body that comes too slowly (timed_out) or
// finds no room (no_buffer_space); nullopt: nobody is there to be told.
std::optional<Reply> reply_to_failure(const boost::system::error_code& error);

}  // namespace farm::gateway
