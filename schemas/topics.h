// Topic names and record header keys. A name said twice is a name mistyped once: nothing else
// spells them out.
#pragma once

#include <string>
#include <string_view>

namespace farm::topics {

inline constexpr std::string_view kRequestsPrefix = "grading.requests.";
inline constexpr std::string_view kRepliesPrefix = "grading.replies.";
inline constexpr std::string_view kBlobs = "grading.blobs";
inline constexpr std::string_view kCancels = "grading.cancels";
inline constexpr std::string_view kBadCases = "grading.bad-cases";
inline constexpr std::string_view kDeadLetters = "grading.dead-letters";

// Where graders say what they do, for `gradefarm status`.
inline constexpr std::string_view kStatus = "grading.status";
// Where graders get the answers to their own canaries. A trainer of that name would see them.
inline constexpr std::string_view kCanaryReplies = "grading.replies.canary";

// Settings of topics. Of requests and cancels: cancels are compared with requests by the times of
// those who published them.
inline constexpr const char* kTimestampType = "CreateTime";
// Of what graders publish: by the clock of one that is an hour ahead of the brokers' it would be
// refused, and by one that is behind by the retention removed unread.
inline constexpr const char* kAnswerTimestampType = "LogAppendTime";
// As service::Cancellations remembers them. Kafka removes whole segments, and by default none is
// younger than a week.
inline constexpr const char* kCancelRetentionMs = "3600000";
inline constexpr const char* kCancelSegmentMs = "600000";

std::string requests(std::string_view pool);    // grading.requests.<pool>
std::string replies(std::string_view trainer);  // grading.replies.<trainer>

// Whether a Kafka topic may bear this name: 1 to 249 characters of [a-zA-Z0-9._-], not "." or "..".
// Source: org.apache.kafka.common.internals.Topic.
bool is_legal_topic(std::string_view name);
// Whether a grader may publish there: a legal name under kRepliesPrefix with a non-empty rest.
// Anything else would let a request write into the farm's own topics.
bool is_reply_topic(std::string_view name);
// Whether `name` can be the variable part of a topic (a trainer or pool).
bool is_legal_name_part(std::string_view name);

}  // namespace farm::topics

namespace farm::headers {

inline constexpr std::string_view kReplyTopic = "kafka_replyTopic";
inline constexpr std::string_view kReplyPartition =
    "kafka_replyPartition";  // text or 4 bytes big-endian
inline constexpr std::string_view kCorrelationId = "kafka_correlationId";  // echoed verbatim
inline constexpr std::string_view kRequestId = "request_id";
inline constexpr std::string_view kTrainer = "trainer";
inline constexpr std::string_view kDeadline = "deadline_unix_ms";
inline constexpr std::string_view kAttempt = "attempt";
inline constexpr std::string_view kTraceparent = "traceparent";
// Of status reports: the process that says it lives, as it stands in the commits (start_marks.h).
inline constexpr std::string_view kProcess = "process";
// Of requests: how many graders have handed it on because they do not serve it.
inline constexpr std::string_view kForwarded = "forwarded";
// Of answers: "1" where the request was given up for good: asked again it would end graders again.
inline constexpr std::string_view kGivenUp = "given_up";
// Of dead letters:
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kOriginalTopic = "original_topic";
inline constexpr std::string_view kOriginalPartition = "original_partition";
inline constexpr std::string_view kOriginalOffset = "original_offset";
inline constexpr std::string_view kGrader = "grader";

}  // namespace farm::headers
