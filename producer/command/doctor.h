// gradefarm doctor: what works on this host and on its Kafka cluster, what is missing, what to do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grader/config/config.h"
#include "grader/kafka/topic_admin.h"
#include "schemas/check_line.h"

namespace farm::command {

// Host checks are those of `gradefarm-grader --check`, which it runs; broker checks are its own.
// Returns 0 if nothing blocks, else 1. Lines go to stdout as they come.
int doctor(const config::DoctorOptions& options);

// What a topic's description and settings mean for the farm; `settings` is empty where the broker
// tells none (the embedded one). Pure.
std::vector<CheckLine> judge_topic(const kafka::TopicDescription& topic,
                                   const std::map<std::string, std::string>& settings);
// "ready    name: detail", and for others a second line with the remedy. With line ends. Pure.
std::string check_text(const CheckLine& line);

}  // namespace farm::command
