#include <atomic>
#include <filesystem>
#include <future>
#include <thread>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/resource.h>
#include <shared_mutex>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iostream>
#include <random>
#include <vector>
using namespace std;
int main(){
  vector<thread> ts; atomic<int> n{0}; for(int i=0;i<8;i++) ts.emplace_back([&]{ for(int k=0;k<1000;k++) n++; this_thread::sleep_for(1ms);}); for(auto&t:ts) t.join();
  auto f=async(launch::async,[]{return 7;}); condition_variable cv; mutex m; bool r=false; thread w([&]{unique_lock l(m); cv.wait_for(l,1s,[&]{return r;});}); {lock_guard l(m); r=true;} cv.notify_all(); w.join();
  namespace fs=std::filesystem; fs::create_directories("d/e"); ofstream("d/e/x")<<"hi"; fs::copy_file("d/e/x","d/y"); fs::rename("d/y","d/z"); fs::resize_file("d/z",1); cout<<fs::file_size("d/z")<<fs::exists("d/e/x")<<fs::remove_all("d")<<fs::temp_directory_path()<<fs::current_path()<<"\n";
  random_device rd; mt19937 g(rd()); cout<<(g()>=0)<<n<<f.get()<<"\n";
  cout.flush(); int s=system("echo sys"); cout<<s<<"\n"; cout.flush();
  FILE*p=popen("echo pop","r"); char b[10]; cout<<fgets(b,10,p); pclose(p);
  pid_t c=fork(); if(!c) _exit(3); int st; waitpid(c,&st,0); cout<<WEXITSTATUS(st)<<"\n";
  void*a=mmap(0,1<<20,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); mprotect(a,4096,1); munmap(a,1<<20);
  rlimit l; getrlimit(RLIMIT_STACK,&l); l.rlim_cur=l.rlim_max; cout<<setrlimit(RLIMIT_STACK,&l)<<"\n";
  time_t t=time(0); cout<<(localtime(&t)!=0)<<clock_gettime(CLOCK_MONOTONIC,new timespec)<<getenv("HOME")<<thread::hardware_concurrency()<<"\n";
  shared_timed_mutex sm; sm.lock_shared(); sm.unlock_shared(); FILE*tf=tmpfile(); cout<<(tf!=0)<<"\n"; char tn[]="/tmp/XXXXXX"; cout<<(mkstemp(tn)>=0)<<"\n"; signal(SIGALRM,[](int){}); alarm(1); pause(); ios::sync_with_stdio(false); cout<<"end\n";
}
