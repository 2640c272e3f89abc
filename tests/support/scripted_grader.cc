#include "tests/support/scripted_grader.h"

#include <utility>

#include "schemas/expected.h"
#include "schemas/topics.h"

namespace farm::test {

ScriptedGrader::ScriptedGrader(const kafka::ClientConfig& client, const std::string& pool,
                               Script script)
    : script_(std::move(script)) {
  kafka::ProducerConfig config;
  config.client = client;
  auto producer = kafka::Producer::create(config);
  FARM_ASSERT(producer);
  producer_ = std::move(producer).value();
  auto tail =
      kafka::Tail::create(client, topics::requests(pool), [this](const kafka::Record& record) {
        {
          const std::scoped_lock lock(mutex_);
          seen_.push_back(record);
        }
        script_(*this, record);
      });
  FARM_ASSERT(tail);
  tail_ = std::move(tail).value();
}

void ScriptedGrader::answer(const kafka::Record& request, const EvaluationResult& result) {
  reply(request, encode_result(result));
}

void ScriptedGrader::reply(const kafka::Record& request, std::string value) {
  reply_as(request, header(request, headers::kCorrelationId), std::move(value));
}

void ScriptedGrader::reply_as(const kafka::Record& request, const std::string& correlation,
                              std::string value) {
  kafka::OutgoingRecord record;
  record.topic = header(request, headers::kReplyTopic);
  record.value = std::move(value);
  record.headers = {{std::string(headers::kCorrelationId), correlation}};
  FARM_ASSERT(producer_->publish(std::move(record), [](const Expected<kafka::Delivery>&) {}));
}

std::vector<kafka::Record> ScriptedGrader::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

EvaluationResult ScriptedGrader::accepted(const kafka::Record& request) {
  EvaluationResult result;
  result.request_id = header(request, headers::kRequestId);
  result.trainer = header(request, headers::kTrainer);
  result.verdict = Verdict::kAccepted;
  result.passed = 1;
  result.total = 1;
  result.grader.id = "scripted";
  return result;
}

std::string ScriptedGrader::header(const kafka::Record& request, std::string_view key) {
  return std::string(kafka::find_header(request.headers, key).value_or(""));
}

}  // namespace farm::test
